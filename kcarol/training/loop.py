"""One training loop for every network and precision, on CPU, one GPU or many.

`fit` builds a `Trainer`, whose `step` is: forward, backward, clip, update, average. The module, its
loss and its batches are arguments. A batch is a function of its number alone, so that a stopped run
resumes to the bit, and several processes share the batches of one.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor, nn

from kcarol.config import AudioConfig, TrainConfig
from kcarol.model.device import autocast_dtype
from kcarol.training.batches import BatchSource, batches_by_number
from kcarol.training.checkpoint import (
    FORMAT,
    kept_random_state,
    load_checkpoint,
    random_state,
    save_checkpoint,
    seed_all,
    set_random_state,
)
from kcarol.training.distributed import Processes, averaging_gradients
from kcarol.training.memory import LossFn, is_out_of_memory, map_tensors, micro_batches, n_rows
from kcarol.training.run_log import Meter, RunLog
from kcarol.training.weight_averaging import moving_average

CHECKPOINT = "checkpoint.pt"
PREVIOUS_CHECKPOINT = "checkpoint.previous.pt"
LAST_RATE = 0.01  # of the learning rate, where the cosine ends
MOST_NAMES = 6  # of files in a message

Validate = Callable[[nn.Module], Mapping[str, float]]


class TrainingError(RuntimeError):
    """Training cannot continue; the message gives the step, the reason and the way out."""


def fit(
    module: nn.Module,
    loss_fn: LossFn,
    batches: BatchSource,
    cfg: TrainConfig,
    out: Path,
    resume: bool = False,
    device: str | torch.device | None = None,
    validate: Validate | None = None,
    callbacks: Iterable[Callable] = (),
    n_workers: int = 0,
    stop_step: int | None = None,
    max_s: float | None = None,
    quiet: bool = False,
    data: Mapping[str, str] | None = None,
) -> Path:
    """Train `module` for `cfg.steps` steps; returns the checkpoint, `out / "checkpoint.pt"`.

    Under torchrun each process takes its part of every batch; a run may be resumed with another
    number of processes.

    Args:
        loss_fn: called as `loss_fn(module, batch)`, gives scalars: "loss", which is minimised, and
            named terms, which are logged. If it is a module, its state is saved as well.
        resume: continue from the checkpoint in `out`, to the bit on the same machine.
        validate, callbacks: called as `validate(module)` and `callback(module, step, writer)`, with
            the TensorBoard writer, every `cfg.picture_every` steps and at the end, with the
            averaged weights, in eval mode, without gradients.
        n_workers: processes that make batches ahead, for slow sources (drawing a batch of stored
            pairs takes 0.3 % of a step).
        stop_step, max_s: end a session early, with a checkpoint, after a step or after seconds.
        data: by name, what tells each file from others that the batches are made of, such as a
            hash; resuming with others says so.

    Raises TrainingError: loss not finite (the last good checkpoint stays), no memory for a single
    row, a checkpoint that does not fit. Ctrl-C saves, says how to resume, and raises
    KeyboardInterrupt.
    """
    for name in ("steps", "batch_size", "accumulation", "log_every", "picture_every", "save_every"):
        if getattr(cfg, name) < 1:
            raise ValueError(f"TrainConfig.{name} must be at least 1, found {getattr(cfg, name)}")
    processes = Processes(device)
    if cfg.batch_size % processes.count:
        raise TrainingError(
            f"expected a batch size that is a multiple of the {processes.count} processes, found "
            f"{cfg.batch_size}; use another (--batch-size), or another number of processes"
        )
    window_s = cfg.window_frames / AudioConfig().frame_rate
    batch_s = getattr(batches, "batch_seconds", cfg.batch_size * window_s)
    stop = min(stop_step or cfg.steps, cfg.steps)
    with kept_random_state():
        trainer = Trainer(module, loss_fn, cfg, Path(out), processes, quiet)
        trainer.start(resume, getattr(batches, "seed", None), data or {})
        numbers = range(trainer.step * cfg.accumulation, stop * cfg.accumulation)
        loader = batches_by_number(batches, numbers, processes, n_workers)
        step_s = batch_s * cfg.accumulation
        log = RunLog(Path(out), trainer.step, cfg.steps, step_s, processes.rank == 0, quiet)
        with log:
            trainer.run(iter(loader), log, validate, tuple(callbacks), stop, max_s)
    return trainer.path


def learning_rate(step: int, cfg: TrainConfig) -> float:
    """Linear warm-up, then half a cosine down to a hundredth; `step` counts from 0."""
    if step < cfg.warmup_steps:
        return cfg.learning_rate * (step + 1) / cfg.warmup_steps
    progress = (step - cfg.warmup_steps) / max(1, cfg.steps - cfg.warmup_steps)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return cfg.learning_rate * (LAST_RATE + (1 - LAST_RATE) * cosine)


class ModuleWithLoss(nn.Module):
    """A module and its loss as one forward pass, which DistributedDataParallel can wrap."""

    def __init__(self, module: nn.Module, loss_fn: LossFn):
        super().__init__()
        self.module = module
        # not as a submodule: a loss that holds networks trains them itself
        self._loss_fn = (loss_fn,)

    def forward(self, batch: object) -> dict[str, Tensor]:
        """Scalars; a gradient comes from "loss" alone."""
        terms = self._loss_fn[0](self.module, batch)
        if not isinstance(terms, Mapping) or "loss" not in terms or terms["loss"].dim():
            raise TrainingError(
                'loss_fn(module, batch) must return a dict of scalars with "loss" among them'
            )
        return {name: x if name == "loss" else x.detach() for name, x in terms.items()}


class Trainer:
    """A module in training and everything that its checkpoint holds."""

    def __init__(
        self,
        module: nn.Module,
        loss_fn: LossFn,
        cfg: TrainConfig,
        out: Path,
        processes: Processes,
        quiet: bool,
    ):
        self.cfg = cfg
        self.path = out / CHECKPOINT
        self.processes = processes
        self.quiet = quiet
        self.module = getattr(module, "_orig_mod", module).to(processes.device)  # torch.compile
        self.loss_module = loss_fn if isinstance(loss_fn, nn.Module) else None
        if self.loss_module is not None:
            processes.share_(self.loss_module.to(processes.device))
        self.forward = processes.parallel(ModuleWithLoss(module, loss_fn))
        self.parameters = [p for p in self.module.parameters() if p.requires_grad]
        on_cuda = processes.device.type == "cuda"
        self.adam = torch.optim.Adam(
            self.parameters, cfg.learning_rate, betas=cfg.betas, fused=on_cuda
        )
        self.dtype = autocast_dtype(cfg.precision, processes.device)
        # does nothing unless enabled: bfloat16 has the range of float32
        self.scaler = torch.amp.GradScaler(
            processes.device.type, enabled=self.dtype == torch.float16
        )
        self.average = moving_average(self.module, cfg.ema_decay)
        self.meter = Meter()
        self.finite = FiniteGuard(processes)
        self.step = 0
        self.parts = 1  # micro-batches that a batch is cut into
        self.updating = False

    # --- all steps

    def run(
        self,
        batches: Iterator[object],
        log: RunLog,
        validate: Validate | None,
        callbacks: Sequence[Callable],
        stop: int,
        max_s: float | None,
    ) -> None:
        """Steps until `stop`, the time limit or Ctrl-C; saves at the end."""
        cfg = self.cfg
        alone = self.processes.count == 1
        # a check costs nothing on one CPU; elsewhere it waits for the device or other processes
        look_every = 1 if alone and self.processes.device.type == "cpu" else cfg.log_every
        begin = time.monotonic()
        self.module.train()
        try:
            with deferred_interrupt(at_once=alone) as interrupted:
                while self.step < stop:
                    self.random = random_state()
                    self.train_step([next(batches) for _ in range(cfg.accumulation)])
                    log.tick()
                    last = self.step == cfg.steps
                    ended = False
                    if self.step % look_every == 0 or last:
                        self.check_finite()
                        late = max_s is not None and time.monotonic() - begin > max_s
                        ended = self.processes.any(interrupted.is_set() or late)
                    if self.step % cfg.log_every == 0 or last:
                        means = self.meter.read(self.processes)
                        log.losses(self.step, means, learning_rate(self.step - 1, cfg))
                    if self.step % cfg.picture_every == 0 or last:
                        self.show(log, validate, callbacks)
                    if self.step % cfg.save_every == 0 or self.step == stop or ended:
                        self.save(self.processes.gather(random_state()))
                    if ended:
                        break
        except KeyboardInterrupt:
            # a second Ctrl-C, inside a step: that step is discarded
            if alone and not self.updating:
                self.save([self.random])
            raise KeyboardInterrupt(self.farewell()) from None
        if interrupted.is_set():
            raise KeyboardInterrupt(self.farewell())
        if self.step < cfg.steps:
            self.say(
                f"stopped at step {self.step} of {cfg.steps}; resume with --resume "
                "(fit(..., resume=True))"
            )

    # --- one step

    def train_step(self, batches: Sequence[object]) -> None:
        """One update of the weights from `accumulation` batches."""
        terms = self.gradients(batches)
        self.updating = True
        for group in self.adam.param_groups:
            group["lr"] = learning_rate(self.step, self.cfg)
        self.scaler.unscale_(self.adam)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.cfg.clip_norm).detach()
        if not self.scaler.is_enabled():  # the scaler skips steps in which float16 overflows
            self.finite.watch("gradient", norm, (self.step + 1) * self.cfg.accumulation - 1)
        self.scaler.step(self.adam)
        self.scaler.update()
        self.adam.zero_grad(set_to_none=True)
        self.average.update_parameters(self.module)
        self.meter.add({**terms, "gradient": norm})
        self.step += 1
        self.updating = False

    def gradients(self, batches: Sequence[object]) -> dict[str, Tensor]:
        """Gradients of one step, in smaller micro-batches if memory runs out; mean terms."""
        while True:
            try:
                return self.accumulate(batches)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = " ".join(str(error).split())[:120] or type(error).__name__
            # outside `except`, whose traceback held the tensors
            self.halve_micro_batches(reason, n_rows(batches[0]))

    def accumulate(self, batches: Sequence[object]) -> dict[str, Tensor]:
        """Forward and backward passes; returns the means of the loss's terms."""
        device = self.processes.device
        means: dict[str, Tensor] = {}
        for i, batch in enumerate(batches):
            batch = map_tensors(lambda x: x.to(device, non_blocking=True), batch)
            pieces = list(micro_batches(batch, self.parts))
            for j, (share, piece) in enumerate(pieces):
                is_last = i == len(batches) - 1 and j == len(pieces) - 1
                weight = share / len(batches)
                with averaging_gradients(self.forward, is_last):
                    with self.autocast():
                        terms = self.forward(piece)
                    self.scaler.scale(terms["loss"] * weight).backward()
                number = self.step * len(batches) + i
                self.finite.watch("loss", terms["loss"].detach(), number)
                for name, value in terms.items():
                    means[name] = means.get(name, 0) + value.detach() * weight
        return means

    def autocast(self) -> torch.autocast:
        enabled = self.dtype is not None
        return torch.autocast(self.processes.device.type, self.dtype, enabled=enabled)

    def halve_micro_batches(self, reason: str, rows: int) -> None:
        self.adam.zero_grad(set_to_none=True)
        if self.processes.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.processes.count > 1:  # the others wait for this one's gradients
            raise TrainingError(
                f"out of memory at step {self.step} in process {self.processes.rank} ({reason}); "
                "use a smaller batch_size and a larger accumulation"
            )
        if self.parts >= rows:
            raise TrainingError(
                f"out of memory at step {self.step} with a single row ({reason}); use a smaller "
                "window_frames or model"
            )
        self.parts *= 2
        set_random_state(self.random)
        self.say(
            f"out of memory at step {self.step}: batch halved to {math.ceil(rows / self.parts)} "
            f"rows, accumulation doubled to {self.parts * self.cfg.accumulation}, going on"
        )

    def check_finite(self) -> None:
        """TrainingError if a loss or a gradient has not been finite, in any process."""
        bad = self.finite.first_bad()
        if bad is not None:
            what, number = bad
            raise TrainingError(
                f"{what} not finite at step {number // self.cfg.accumulation}, batch {number}; the "
                f"last good checkpoint, if any, is {self.path}; look at that batch, or lower "
                "learning_rate"
            )

    def show(self, log: RunLog, validate: Validate | None, callbacks: Sequence[Callable]) -> None:
        """Validation and callbacks in the first process, with the averaged weights."""
        if self.processes.rank or not (validate or callbacks):
            return
        averaged = self.average.module.eval()
        with kept_random_state(), torch.no_grad():
            if validate:
                log.validation(self.step, validate(averaged))
            for callback in callbacks:
                callback(averaged, self.step, log.writer)

    # --- the state on disk

    def start(self, resume: bool, loader_seed: int | None, data: Mapping[str, str]) -> None:
        """Seed the generators, or resume from the checkpoint; without `resume` an old checkpoint is
        kept under another name. `data` as in `fit`.
        """
        self.loader_seed = loader_seed
        self.data = dict(data)
        seed_all(self.cfg.seed * 1_000 + self.processes.rank)
        leads = self.processes.rank == 0
        # only the first process may see it, since machines have their own disks
        found = leads and self.path.exists()
        state = self.processes.first(load_checkpoint(self.path) if resume and found else None)
        if state is not None:
            self.restore(state)
        elif found:
            os.replace(self.path, self.path.with_name(PREVIOUS_CHECKPOINT))
            self.say(
                f"new run; the old checkpoint is now {self.path.with_name(PREVIOUS_CHECKPOINT)}"
            )
        precision = str(self.dtype or torch.float32).removeprefix("torch.")
        n_parameters = sum(p.numel() for p in self.parameters)
        self.say(
            f"training {type(self.module).__name__} ({n_parameters:,} parameters) on "
            f"{self.processes.device}, {precision}, {self.processes.count} process(es), "
            f"step {self.step} to {self.cfg.steps}"
        )

    def save(self, random_states: list[dict]) -> None:
        """Write the checkpoint, if every number so far was finite."""
        self.check_finite()
        if self.processes.rank:
            return
        extra: dict[str, object] = {"data": self.data}
        if self.loss_module is not None:
            extra["loss_fn"] = self.loss_module.state_dict()
        state = {
            "format": FORMAT,
            "step": self.step,
            "parts": self.parts,
            "config": asdict(self.cfg),
            "loader_seed": self.loader_seed,
            "model": self.module.state_dict(),
            "optimizer": self.adam.state_dict(),
            "scaler": self.scaler.state_dict(),
            "ema": self.average.module.state_dict(),
            "meter": self.meter.state_dict(),
            "random": random_states,
            "extra": extra,
        }
        save_checkpoint(self.path, state)

    def restore(self, state: dict) -> None:
        """The inverse of `save`; prints which settings and data differ from the previous run."""
        settings = {**asdict(self.cfg), "loader seed": self.loader_seed}
        before = {**state["config"], "loader seed": state["loader_seed"]}
        for name, value in settings.items():
            if before.get(name) != value:
                self.say(f"resuming with another {name}: {before.get(name)} -> {value}")
        data = state["extra"].get("data", self.data)  # older checkpoints do not tell
        if changes := differences(data, self.data):
            self.say(f"resuming with other data than the checkpoint was trained on: {changes}")
        try:
            self.module.load_state_dict(state["model"])
            self.adam.load_state_dict(state["optimizer"])
            self.average.module.load_state_dict(state["ema"])
            if self.loss_module is not None:
                self.loss_module.load_state_dict(state["extra"]["loss_fn"])
        except (RuntimeError, KeyError, ValueError) as error:
            found = " ".join(str(error).split())[:300]
            raise TrainingError(
                f"{self.path} does not fit this run ({found}); use its config, or start a new "
                "folder"
            ) from error
        self.scaler.load_state_dict(state["scaler"])
        self.meter.load_state_dict(state["meter"], self.processes.device)
        self.step = state["step"]
        self.average.n_averaged.fill_(self.step)
        self.parts = state["parts"]
        if len(state["random"]) == self.processes.count:
            set_random_state(state["random"][self.processes.rank])

    # --- messages

    def say(self, line: str) -> None:
        if self.processes.rank == 0 and not self.quiet:
            from tqdm import tqdm

            tqdm.write(line)

    def farewell(self) -> str:
        line = (
            f"interrupted at step {self.step} of {self.cfg.steps}; the checkpoint is {self.path}; "
            "go on with --resume (fit(..., resume=True))"
        )
        self.say(line)
        return line


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The names of files that only one of two runs was made of, told apart by their hashes."""
    new = [name for name, mark in now.items() if mark not in before.values()]
    gone = [name for name, mark in before.items() if mark not in now.values()]
    parts = {"new": new, "no longer there": gone}
    return "; ".join(f"{what}: {listed(names)}" for what, names in parts.items() if names)


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


class FiniteGuard:
    """Remembers, on the device, the first batch where a value is not finite: only `first_bad` waits
    for the device.
    """

    def __init__(self, processes: Processes):
        self.processes = processes
        none = torch.tensor(-1, device=processes.device)
        self.first = {"loss": none, "gradient": none}

    def watch(self, what: str, value: Tensor, batch_number: int) -> None:
        seen = self.first[what]
        self.first[what] = torch.where((seen < 0) & ~value.isfinite(), batch_number, seen)

    def first_bad(self) -> tuple[str, int] | None:
        """ "loss" or "gradient" and the batch's number, of any process; None if all was finite."""
        numbers = self.processes.highest(torch.stack(list(self.first.values()))).tolist()
        return next((bad for bad in zip(self.first, numbers, strict=True) if bad[1] >= 0), None)


@contextmanager
def deferred_interrupt(at_once: bool) -> Iterator[threading.Event]:
    """Ctrl-C sets the event, so that the step at hand is finished; with `at_once` a second one
    interrupts it. Only where signals arrive, in the main thread.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def remember(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set() and at_once:
            raise KeyboardInterrupt
        interrupted.set()

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
