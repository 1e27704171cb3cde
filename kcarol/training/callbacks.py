"""Training as one can watch it: what a step costs, the curves so far, what the network plays by
step, memory that runs out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from kcarol.dataset.labels import unpack
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import PairBatches
from kcarol.training.checkpoint import kept_random_state
from kcarol.training.loop import LossFn, autocast_dtype, map_tensors, n_rows


@dataclass(frozen=True)
class StepCost:
    """One training step in one precision. `kept_bytes`: results of the forward pass that wait for
    the backward pass.
    """

    precision: str
    seconds: float
    kept_bytes: int
    loss: float

    def __str__(self) -> str:
        return f"{self.precision}: {1e3 * self.seconds:6.0f} ms, {self.kept_bytes / 1e6:6.1f} MB kept, loss {self.loss:.3f}"


@kept_random_state()
def step_cost(
    module: nn.Module,
    loss_fn: LossFn,
    batch: object,
    precision: str,
    repeats: int = 3,
    seed: int = 0,
) -> StepCost:
    """Forward and backward pass of one batch, the same draws each time: median of `repeats` after
    one to warm up.

    The module's weights stay, its gradients are cleared. ValueError for an unknown precision.
    """
    device, seconds = next(module.parameters()).device, []
    dtype = autocast_dtype(precision, device)
    batch = map_tensors(lambda tensor: tensor.to(device), batch)
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
    """Counts the memory that autograd keeps for the backward pass, each storage once, the module's
    own weights left out.
    """

    def __init__(self, module: nn.Module):
        self.seen = {
            tensor.untyped_storage().data_ptr()
            for tensor in [*module.parameters(), *module.buffers()]
        }
        self.total = 0

    def counting(self):
        """Context for the forward pass."""
        return torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor)

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.seen:
            self.seen.add(storage.data_ptr())
            self.total += storage.nbytes()
        return tensor


class LiveCurves:
    """Callback for `fit`: whenever it is called, the training log is read, drawn and shown anew.

    For a notebook: `LiveCurves(out / "log.csv", read_curves, loss_figure, handle.update)`. `names`:
    of the curves, () all.
    """

    def __init__(
        self,
        log: Path,
        read: Callable[[Path], Mapping],
        draw: Callable[[Mapping], object],
        show: Callable[[object], object],
        names: Sequence[str] = (),
    ):
        self.log, self.read, self.draw, self.show, self.names = (
            Path(log),
            read,
            draw,
            show,
            tuple(names),
        )

    def figure(self) -> object:
        """The curves so far. ValueError where there are none of these names."""
        return self.draw(
            {
                name: curve
                for name, curve in self.read(self.log).items()
                if not self.names or name in self.names
            }
        )

    def __call__(self, module: nn.Module, step: int, writer: object = None) -> None:
        self.show(self.figure())


class Snapshots:
    """Callback for `fit`: what the converter plays of one pair, by step, in the style of the pair's
    neighbour.

    `played`: {step: log-mel (F, M)}; `target`: the pair's carol, log-mel (F, M).
    """

    def __init__(self, pool: PairBatches, row: int = 0, n_frames: int = 384):
        if not 0 <= row < pool.filled or not 2 <= n_frames <= ROW_FRAMES:
            raise ValueError(
                f"expected a row below {pool.filled} and 2 to {ROW_FRAMES} frames, found {row} and {n_frames}"
            )
        self.features = pool.features[row : row + 1, :n_frames].float()
        self.reference = pool.carol_mel[pool.mate[row]][None, :n_frames].float()
        self.labels = unpack(pool.labels[row : row + 1, :n_frames])
        self.target = pool.carol_mel[row, :n_frames].float().cpu()
        self.played: dict[int, Tensor] = {}

    @torch.no_grad()
    def __call__(self, module: MusicTransformer, step: int, writer: object = None) -> None:
        was_training = module.training
        module.eval()
        labels = self.labels
        _, own, _ = module(
            self.features, self.reference, labels.content, tune_shift=labels.tune_shift
        )
        self.played[step] = module.destandardise(own)[0].cpu()
        module.train(was_training)


class ScarceMemory:
    """A loss that runs out of memory, as a full GPU does, for batches of more than `most_rows`
    rows.
    """

    def __init__(self, loss_fn: LossFn, most_rows: int):
        self.loss_fn, self.most_rows = loss_fn, most_rows

    def __call__(self, module: nn.Module, batch: object) -> Mapping[str, Tensor]:
        if n_rows(batch) > self.most_rows:
            raise torch.OutOfMemoryError(
                f"out of memory: room for {self.most_rows} rows, {n_rows(batch)} asked for"
            )
        return self.loss_fn(module, batch)
