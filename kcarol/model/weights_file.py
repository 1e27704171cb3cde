"""Weights files: safetensors with the network's configuration in the header, checked when read.

A file from elsewhere may be broken or hostile. Reading it runs none of its code and
allocates little more memory than its tensors take.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kcarol.audio.files import atomic_write
from kcarol.audio.parallel import single_threaded

# raised when older readers could misread a file; 2: other bands of the log-mel, more content
FORMAT = 2
# configuration fields in files of earlier versions that were never used
RETIRED_FIELDS = {"lowest_tune_midi", "n_tune_pitches", "griffin_lim_iterations"}
MAX_SIZE = 1 << 14  # of numbers in a configuration
SPARE_NUMBERS = 1 << 24  # that a network may allocate besides those in its file
# what fills new parameters with random numbers, which those of the file replace
RANDOM_FILLS = {
    nn.init.kaiming_uniform_,
    nn.init.uniform_,
    Tensor.uniform_,
    Tensor.erfinv_,  # of nn.init.trunc_normal_
}


class WeightsError(ValueError):
    """A weights file cannot be used; one line with what was expected, found, and the way out."""


Settings = TypeVar("Settings")  # a config dataclass
Module = TypeVar("Module", bound=nn.Module)


def config_from(cls: type[Settings], values: Mapping) -> Settings:
    """A config dataclass from JSON values, lists as tuples; WeightsError for unknown names."""
    values = {name: value for name, value in values.items() if name not in RETIRED_FIELDS}
    unknown = sorted(set(values) - {f.name for f in fields(cls)})  # type: ignore[arg-type]
    if unknown:
        raise WeightsError(
            f"{cls.__name__} has no {', '.join(unknown)}: "
            "the file is from another version of kcarol"
        )
    return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def save_module(
    path: Path,
    module: nn.Module,
    cfg: Any,
    extra: Mapping | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write state, config dataclass and `extra` (JSON values); `dtype` float16 halves the file.

    Raises WeightsError where a value is not finite in `dtype`.
    """
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in module.state_dict().items():
        kept = dtype if dtype and tensor.is_floating_point() else tensor.dtype
        cast = tensor.detach().to("cpu", kept)
        if not torch.isfinite(cast).all():
            raise WeightsError(
                f"{name} is not finite in {cast.dtype}: "
                "save with dtype=torch.float32, or train again"
            )
        tensors[name] = cast.clone().contiguous()  # safetensors refuses shared storage
    about = {
        "format": FORMAT,
        "class": type(module).__name__,
        "config": asdict(cfg),
        "extra": dict(extra or {}),
    }
    with atomic_write(path) as temporary:
        save_file(tensors, temporary, metadata={"kcarol": json.dumps(about)})


@single_threaded()  # threads would wait for each other longer than such small tensors take
def load_module(
    path: Path, factory: Callable[[dict], Module], device: str | torch.device = "cpu"
) -> tuple[Module, dict]:
    """`factory(config values)` with the file's weights, in eval mode, and the file's `extra`.

    Raises WeightsError for a missing, broken, foreign, newer or unfitting file.
    """
    about, tensors = _read(path)
    _check_numbers(path, about["config"], len(tensors))
    with _Unfilled(SPARE_NUMBERS + sum(tensor.numel() for tensor in tensors.values())):
        module = _build(path, factory, about["config"])
    if type(module).__name__ != about["class"]:
        raise WeightsError(
            f"{path} holds a {about['class']}, not a {type(module).__name__}: give the other file"
        )
    _check_fit(path, module.state_dict(), tensors)
    module.load_state_dict(tensors)  # casts to the module's own float32
    _check_finite(path, module.state_dict())
    return module.to(device).eval(), about["extra"]


def read_about(path: Path) -> dict:
    """`format`, `class`, `config` and `extra` of a weights file; WeightsError if there are none."""
    return _read(path)[0]


def vector(path: Path, name: str, values: object, length: int) -> Tensor:
    """A list of finite numbers from a file's `extra` as (length,) float32, else WeightsError."""
    try:
        found = torch.tensor(values, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        found = torch.zeros(0)
    if found.shape != (length,) or not torch.isfinite(found).all():
        raise WeightsError(
            f"{path}: {name} is not {length} finite numbers; get the file again or train again"
        )
    return found


def _read(path: Path) -> tuple[dict, dict[str, Tensor]]:
    """The header, decoded, and the tensors."""
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
            f"{path}: not safetensors, or broken ({found}); get the file again"
        ) from error
    try:
        about = json.loads(metadata["kcarol"])
        version = int(about["format"])
        types = {"class": str, "config": dict, "extra": dict}
        if not all(isinstance(about[key], kind) for key, kind in types.items()):
            raise TypeError("class, config or extra of another type")
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WeightsError(
            f"{path}: safetensors, but not written by kcarol (no description in its header)"
        ) from error
    if version != FORMAT:
        raise WeightsError(
            f"{path}: format {version}, this kcarol reads format {FORMAT}; "
            "install the fitting version"
        )
    return about, tensors


def _check_numbers(path: Path, config: Mapping, n_tensors: int) -> None:
    """WeightsError for sizes whose network would take too long to build."""
    for name, value in config.items():
        largest = n_tensors if name.endswith("layers") else MAX_SIZE
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, (int, float)) and not -largest <= number <= largest:  # also NaN
                raise WeightsError(
                    f"{path}: expected {name} of at most {largest}, found {number:g}; "
                    "get the file again"
                )


class _Unfilled(TorchFunctionMode):
    """A context in which networks are built without random numbers in them, and allocating more
    than `numbers` in all raises MemoryError.

    (A network on the meta device would show its shapes without memory, but that takes half a second
    of imports.)
    """

    def __init__(self, numbers: int):
        super().__init__()
        self.left = numbers

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func in RANDOM_FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        if func in (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn):
            size = args[0] if args and not isinstance(args[0], int) else args
            self.left -= math.prod(size)
            if self.left < 0:
                raise MemoryError(f"{tuple(size)} is more than the file holds")
        return func(*args, **(kwargs or {}))


def _build(path: Path, factory: Callable[[dict], Module], config: dict) -> Module:
    try:
        return factory(config)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    except Exception as error:  # what a layer raises depends on the invalid size
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise WeightsError(
            f"{path}: its configuration gives no network ({found}); get the file again"
        ) from error


def _check_fit(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """WeightsError unless all tensors are there, of their shapes."""
    missing = sorted(expected.keys() - found.keys())
    unexpected = sorted(found.keys() - expected.keys())
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


def _check_finite(path: Path, state: Mapping[str, Tensor]) -> None:
    """WeightsError for a tensor with NaN or infinity in it."""
    for name, tensor in state.items():
        # the extremes are NaN where one value is, and take a thirtieth of the time of `isfinite`
        if tensor.numel() and not torch.isfinite(torch.stack(tensor.aminmax())).all():
            raise WeightsError(
                f"{path}: {name} has values that are not finite; get the file again or train again"
            )
