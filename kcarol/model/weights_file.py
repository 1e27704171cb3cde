"""Weights on disk: safetensors with the configuration beside the tensors, checked when read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from kcarol.audio.files import write_atomic

# raised when older readers could misread a file; 2: other bands of the log-mel, more content
FORMAT = 2
LARGEST = 1 << 14  # of the numbers in a configuration: beyond, a file means to fill the memory
SPARE = 1 << 24  # numbers that a network may hold besides those in its file


class WeightsError(ValueError):
    """A weights file cannot be used; the message says what was expected, what was found and the way
    out.
    """


def config_from(cls: type, values: Mapping) -> object:
    """A frozen config of class `cls` from JSON values (lists become tuples); WeightsError on names
    it lacks.
    """
    unknown = sorted(set(values) - {f.name for f in fields(cls)})
    if unknown:
        raise WeightsError(
            f"{cls.__name__} has no {', '.join(unknown)}: the file is from another version of kcarol"
        )
    return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def save_module(
    path: Path,
    module: nn.Module,
    cfg: object,
    extra: Mapping | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Writes state, config dataclass and `extra` (JSON values); `dtype` float16 halves the file.

    Raises WeightsError where a value is not finite in `dtype`.
    """
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in module.state_dict().items():
        cast = tensor.detach().to(
            "cpu", dtype if dtype and tensor.is_floating_point() else tensor.dtype
        )
        if not torch.isfinite(cast).all():
            raise WeightsError(
                f"{name} is not finite in {cast.dtype}: save with dtype=torch.float32, or train again"
            )
        tensors[name] = cast.clone().contiguous()  # safetensors refuses shared storage
    about = {
        "format": FORMAT,
        "class": type(module).__name__,
        "config": asdict(cfg),
        "extra": dict(extra or {}),
    }
    write_atomic(
        path,
        lambda temporary: save_file(tensors, temporary, metadata={"kcarol": json.dumps(about)}),
    )


def read_about(path: Path) -> dict:
    """`format`, `class`, `config` and `extra` of a weights file; WeightsError if there are none."""
    return _read(path)[0]


def load_module(
    path: Path, factory: Callable[[dict], nn.Module], device: str | torch.device = "cpu"
) -> tuple[nn.Module, dict]:
    """`factory(config values)` with the file's weights, in eval mode, and the file's `extra`.

    Raises WeightsError, one line, for a missing, broken, foreign, newer or unfitting file.
    """
    about, tensors = _read(path)
    _check_numbers(path, about["config"], len(tensors))
    with _Budget(SPARE + sum(tensor.numel() for tensor in tensors.values())):
        module = _built(path, factory, about["config"])
    if type(module).__name__ != about["class"]:
        raise WeightsError(
            f"{path} holds a {about['class']}, not a {type(module).__name__}: give the other file"
        )
    _check_fit(path, module.state_dict(), tensors)
    module.load_state_dict(tensors)  # casts to the module's own float32
    return module.to(device).eval(), about["extra"]


def _read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise WeightsError(
            f"{path}: no such weights file; train first, or give the path of a .safetensors file"
        )
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        found = str(error).splitlines()[0]
        raise WeightsError(
            f"{path}: not safetensors, or broken ({found}); get the file anew"
        ) from error
    try:
        about = json.loads(metadata["kcarol"])
        version = int(about["format"])
        about = {key: about[key] for key in ("format", "class", "config", "extra")}
        if not (
            isinstance(about["class"], str)
            and isinstance(about["config"], dict)
            and isinstance(about["extra"], dict)
        ):
            raise TypeError("class, config or extra of another type")
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WeightsError(
            f"{path}: safetensors, but not written by kcarol (no description in its header)"
        ) from error
    if version != FORMAT:
        raise WeightsError(
            f"{path}: format {version}, this kcarol reads format {FORMAT}; install the fitting version"
        )
    return about, tensors


def _check_numbers(path: Path, config: Mapping, n_tensors: int) -> None:
    """WeightsError for a configuration that would take for ever to build, whatever the tensors are."""
    for name, value in config.items():
        most = n_tensors if name.endswith("layers") else LARGEST
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, (int, float)) and not -most <= number <= most:  # also NaN
                raise WeightsError(
                    f"{path}: {name} of {number:g} is none that kcarol writes; get the file anew"
                )


class _Budget(TorchFunctionMode):
    """Within it, no more than so many numbers are laid out: a MemoryError comes before the memory
    is taken.

    (Building on the meta device first would show the shapes at no cost of memory, but at half a
    second of imports.)
    """

    def __init__(self, numbers: int):
        super().__init__()
        self.left = numbers

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn):
            size = args[0] if args and not isinstance(args[0], int) else args
            self.left -= math.prod(size)
            if self.left < 0:
                raise MemoryError(f"{tuple(size)} is more than the file holds")
        return func(*args, **(kwargs or {}))


def _built(path: Path, factory: Callable[[dict], nn.Module], config: dict) -> nn.Module:
    try:
        return factory(config)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    except Exception as error:  # whatever a layer makes of senseless sizes
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise WeightsError(
            f"{path}: its configuration gives no network ({found}); get the file anew"
        ) from error


def vector(path: Path, name: str, values: object, length: int) -> torch.Tensor:
    """A list of finite numbers from a file's `extra` as (length,) float32. WeightsError for
    anything else.
    """
    try:
        found = torch.tensor(values, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        found = torch.zeros(0)
    if found.shape != (length,) or not torch.isfinite(found).all():
        raise WeightsError(
            f"{path}: {name} is not {length} finite numbers; get the file anew or train again"
        )
    return found


def _check_fit(
    path: Path, expected: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]
) -> None:
    missing, unexpected = (
        sorted(expected.keys() - found.keys()),
        sorted(found.keys() - expected.keys()),
    )
    if missing or unexpected:
        raise WeightsError(
            f"{path}: {len(missing)} tensors missing, {len(unexpected)} unexpected "
            f"(first: {(missing + unexpected)[0]}); it is from another version of kcarol"
        )
    for name, tensor in found.items():
        if tensor.shape != expected[name].shape:
            raise WeightsError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, expected "
                f"{tuple(expected[name].shape)}; it is from another version of kcarol"
            )
        if not torch.isfinite(tensor).all():
            raise WeightsError(
                f"{path}: {name} holds values that are not finite; get the file anew or train again"
            )
