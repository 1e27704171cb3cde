"""Batches in pieces, for when memory runs out, and the memory cost of a training step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from kcarol.model.device import autocast_dtype
from kcarol.training.checkpoint import kept_random_state

LossFn = Callable[[Any, Any], Mapping[str, Tensor]]  # (module, batch) -> named scalars

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
# oneDNN's whole message when it runs out of memory; for missing operations it is
# "could not create a primitive descriptor"
ONEDNN_OUT_OF_MEMORY = "could not create a primitive"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        text == ONEDNN_OUT_OF_MEMORY or any(sign in text for sign in OUT_OF_MEMORY)
    )


def map_tensors(function: Callable[[Tensor], Tensor], batch: object) -> object:
    """The same nested dicts, lists and tuples with `function` applied to every tensor."""
    if isinstance(batch, Tensor):
        return function(batch)
    if isinstance(batch, Mapping):
        return {key: map_tensors(function, value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(map_tensors(function, value) for value in batch)
    return batch


def tensors_of(batch: object) -> Iterator[Tensor]:
    """All tensors of nested dicts, lists and tuples."""
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, Mapping):
        yield from tensors_of(list(batch.values()))
    elif isinstance(batch, (list, tuple)):
        for value in batch:
            yield from tensors_of(value)


def n_rows(batch: object) -> int:
    """Rows of a batch: the first dimension of its first tensor. ValueError without tensors."""
    first = next(tensors_of(batch), None)
    if first is None:
        raise ValueError(f"expected a batch of tensors, rows first, found {type(batch).__name__}")
    return len(first)


def micro_batches(batch: object, parts: int) -> Iterator[tuple[float, object]]:
    """At most `parts` nearly equal pieces of a batch, each with its share of the rows."""
    rows = n_rows(batch)
    parts = min(parts, rows)
    for part in range(parts):
        first, stop = rows * part // parts, rows * (part + 1) // parts
        piece = map_tensors(partial(_rows, first=first, stop=stop), batch)
        yield (stop - first) / rows, piece


def _rows(tensor: Tensor, first: int, stop: int) -> Tensor:
    return tensor[first:stop]


class ScarceMemory:
    """A loss that runs out of memory above `most_rows` rows, as on a full GPU: for experiments."""

    def __init__(self, loss_fn: LossFn, most_rows: int):
        self.loss_fn = loss_fn
        self.most_rows = most_rows

    def __call__(self, module: nn.Module, batch: object) -> Mapping[str, Tensor]:
        if n_rows(batch) > self.most_rows:
            raise torch.OutOfMemoryError(
                f"out of memory: room for {self.most_rows} rows, {n_rows(batch)} asked for"
            )
        return self.loss_fn(module, batch)


@dataclass(frozen=True)
class StepCost:
    """One training step in one precision. `kept_bytes`: activations kept for the backward pass."""

    precision: str
    seconds: float
    kept_bytes: int
    loss: float

    def __str__(self) -> str:
        time_ms = f"{1e3 * self.seconds:6.0f} ms"
        kept_mb = f"{self.kept_bytes / 1e6:6.1f} MB"
        return f"{self.precision}: {time_ms}, {kept_mb} kept, loss {self.loss:.3f}"


@kept_random_state()
def step_cost(
    module: nn.Module,
    loss_fn: LossFn,
    batch: object,
    precision: str,
    repeats: int = 3,
    seed: int = 0,
) -> StepCost:
    """Forward and backward pass of one batch: median time of `repeats` after one to warm up.

    The module's weights stay as they are, its gradients are cleared. ValueError for an unknown
    precision.
    """
    device = next(module.parameters()).device
    dtype = autocast_dtype(precision, device)
    batch = map_tensors(lambda tensor: tensor.to(device), batch)
    seconds = []
    for _ in range(1 + repeats):
        torch.manual_seed(seed)
        kept = KeptBytes(module)
        begin = time.perf_counter()
        with torch.autocast(device.type, dtype, enabled=dtype is not None), kept.counting():
            loss = loss_fn(module, batch)["loss"]
        loss.backward()
        value = float(loss.detach())  # waits for the device
        seconds.append(time.perf_counter() - begin)
        module.zero_grad(set_to_none=True)
    return StepCost(precision, median(seconds[1:]), kept.total, value)


class KeptBytes:
    """Counts what autograd keeps for the backward pass: each storage once, weights left out."""

    def __init__(self, module: nn.Module):
        weights = [*module.parameters(), *module.buffers()]
        self.seen = {tensor.untyped_storage().data_ptr() for tensor in weights}
        self.total = 0

    def counting(self) -> AbstractContextManager:
        """Context for the forward pass."""
        return torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor)

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.seen:
            self.seen.add(storage.data_ptr())
            self.total += storage.nbytes()
        return tensor
