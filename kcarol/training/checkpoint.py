"""The whole state of a training run in one file of plain containers and tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kcarol.audio.files import save_state
from kcarol.model.weights_file import WeightsError

FORMAT = 1
KEYS = {
    "format": int,
    "step": int,
    "parts": int,
    "config": dict,
    "loader_seed": object,
    "model": dict,
    "optimizer": dict,
    "scaler": dict,
    "ema": dict,
    "meter": dict,
    "random": list,
    "extra": dict,
}


def random_state() -> dict:
    """States of Python's, numpy's and torch's global generators, loadable with `weights_only`."""
    name, keys, *rest = np.random.get_state()
    on_cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if on_cuda else None,
    }


def set_random_state(state: dict) -> None:
    """Inverse of `random_state`."""
    version, values, gauss = state["python"]
    random.setstate((version, tuple(values), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def seed_all(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Leave the global generators as they were, whatever happens inside."""
    state = random_state()
    try:
        yield
    finally:
        set_random_state(state)


def save_checkpoint(path: Path, state: dict) -> None:
    """Write `state`, which has all of KEYS, atomically."""
    if state.keys() != KEYS.keys():
        differing = sorted(state.keys() ^ KEYS.keys())
        raise ValueError(f"a checkpoint has the keys {sorted(KEYS)}, differing: {differing}")
    save_state(path, state)


def load_checkpoint(path: Path) -> dict:
    """State of a run, on the CPU. Raises WeightsError, one line, for a missing, broken or foreign
    file.
    """
    if not Path(path).is_file():
        raise WeightsError(f"{path}: no such checkpoint; train first, or give the folder of a run")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for broken files
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise WeightsError(f"{path}: not a checkpoint, or broken ({found})") from error
    whole = isinstance(state, dict) and state.keys() == KEYS.keys() and state["format"] == FORMAT
    if not whole or not all(isinstance(state[key], kind) for key, kind in KEYS.items()):
        raise WeightsError(
            f"{path}: not a checkpoint of this version of kcarol (format {FORMAT}); start a new run"
        )
    return state


def load_model_state(path: Path, module: nn.Module, ema: bool = True) -> int:
    """Load a checkpoint's averaged (or last) weights into `module`; returns the step. Raises
    WeightsError.
    """
    state = load_checkpoint(path)
    try:
        module.load_state_dict(state["ema" if ema else "model"])
    except RuntimeError as error:
        found = " ".join(str(error).split())
        raise WeightsError(
            f"{path}: weights of another model ({found[:200]}); use the run's config"
        ) from error
    return state["step"]
