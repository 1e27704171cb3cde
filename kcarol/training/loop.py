"""One training loop for both networks and every precision, on CPU, one GPU or many.

The module, its loss and its batches are arguments. A batch is a function of the step alone, so that
a run which stopped goes on to the bit, and so that several processes share what one would do.
"""

from __future__ import annotations

import atexit
import csv
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from kcarol.audio.files import write_atomic
from kcarol.config import AudioConfig, TrainConfig
from kcarol.model.device import best_device, has_bf16
from kcarol.training.checkpoint import (
    FORMAT,
    kept_random_state,
    load_checkpoint,
    random_state,
    save_checkpoint,
    seed_all,
    set_random_state,
)

CHECKPOINT = "checkpoint.pt"
LAST_RATE = 0.01  # of the learning rate, where the cosine ends


class TrainingError(RuntimeError):
    """Training cannot go on; the message says at which step, why, and the way out."""


class BatchSource(Protocol):
    """Batches by number: tensors, or dicts, lists and tuples of them, rows first.

    `batch(n, rank, world)` depends on nothing but its arguments and the source's own seed (never on
    global generators: it is called from threads, ahead of time). The `world` parts of a batch are
    equally long and together are `batch(n)`. Optional attributes: `seed`, and `batch_seconds`, the
    audio in a whole batch.
    """

    def batch(self, step: int, rank: int = 0, world: int = 1) -> object: ...


LossFn = Callable[[nn.Module, object], Mapping[str, Tensor]]


def fit(
    module: nn.Module,
    loss_fn: LossFn,
    loader: BatchSource,
    cfg: TrainConfig,
    out: Path,
    resume: bool = False,
    device: str | torch.device | None = None,
    validate: Callable[[nn.Module], Mapping[str, float]] | None = None,
    callbacks: Iterable[Callable] = (),
    extra_state: Mapping[str, object] | None = None,
    prefetch: int = 2,
    stop_step: int | None = None,
    max_s: float | None = None,
    quiet: bool = False,
) -> Path:
    """Trains `module` for `cfg.steps` steps; returns the checkpoint, `out / "checkpoint.pt"`.

    `loss_fn(module, batch)` gives scalars: "loss", to be lowered, and named terms, to be logged.
    With several processes under torchrun each takes its part of every batch; any other number of
    them may go on with the run.

    `validate(module)` and `callbacks`, each called as `(module, step, writer)` with the TensorBoard
    writer, run every `cfg.picture_every` steps and at the end, with averaged weights, in eval mode,
    without gradients. `extra_state`: further things with `state_dict`, saved along; `loss_fn` is
    one by itself if it is a module. `prefetch`: threads that make batches ahead, 0 for none.
    `stop_step` and `max_s` (seconds) end a session early, with a checkpoint, on the schedule of
    `cfg.steps`; `resume` goes on from it, to the bit on the same machine.

    Raises TrainingError: loss not finite (the last good checkpoint stays), no memory for a single
    row, a checkpoint that does not fit. Ctrl-C saves, says how to resume, and raises
    KeyboardInterrupt.
    """
    _check(cfg)
    team = Team(device)
    if cfg.batch_size % team.world:
        raise TrainingError(
            f"expected a batch size that is a multiple of the {team.world} processes, found {cfg.batch_size}; "
            "use another (--batch-size), or another number of processes"
        )
    with kept_random_state():
        extra = dict(extra_state or {})
        if isinstance(loss_fn, nn.Module) and not any(value is loss_fn for value in extra.values()):
            extra["loss_fn"] = loss_fn
        run = Run(module, loss_fn, cfg, Path(out), team, extra, quiet)
        run.start(resume, getattr(loader, "seed", None))
        batches = Batches(loader, team, prefetch, cfg.steps * cfg.accumulation)
        seconds = getattr(
            loader, "batch_seconds", cfg.batch_size * cfg.window_frames / AudioConfig().frame_rate
        )
        with batches, RunLog(run, seconds * cfg.accumulation) as log:
            run.loop(
                batches,
                log,
                validate,
                tuple(callbacks),
                min(stop_step or cfg.steps, cfg.steps),
                max_s,
            )
        return run.path


def _check(cfg: TrainConfig) -> None:
    for name in ("steps", "batch_size", "accumulation", "log_every", "picture_every", "save_every"):
        if getattr(cfg, name) < 1:
            raise ValueError(f"TrainConfig.{name} must be at least 1, found {getattr(cfg, name)}")


def learning_rate(step: int, cfg: TrainConfig) -> float:
    """Linear warm-up, then half a cosine down to a hundredth; `step` counts from 0."""
    if step < cfg.warmup_steps:
        return cfg.learning_rate * (step + 1) / cfg.warmup_steps
    progress = (step - cfg.warmup_steps) / max(1, cfg.steps - cfg.warmup_steps)
    cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
    return cfg.learning_rate * (LAST_RATE + (1 - LAST_RATE) * cosine)


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Dtype for autocast, None for float32; "auto" is bf16 where the hardware multiplies in it."""
    if precision == "auto":
        precision = "bf16" if has_bf16(device) else "fp32"
    try:
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    except KeyError:
        raise ValueError(
            f"precision must be auto, fp32, bf16 or fp16, found {precision!r}"
        ) from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    signs = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")
    # so oneDNN says it, of its workspace; of what it cannot do it says "a primitive descriptor"
    return isinstance(error, RuntimeError) and (
        text == "could not create a primitive" or any(sign in text for sign in signs)
    )


def map_tensors(function: Callable[[Tensor], Tensor], batch: object) -> object:
    """The same nested dicts, lists and tuples with `function` of every tensor."""
    if isinstance(batch, Tensor):
        return function(batch)
    if isinstance(batch, Mapping):
        return {key: map_tensors(function, value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(map_tensors(function, value) for value in batch)
    return batch


def n_rows(batch: object) -> int:
    """Rows of a batch: the first dimension of its first tensor."""
    sizes: list[int] = []
    map_tensors(lambda t: sizes.append(len(t)) or t, batch)
    if not sizes:
        raise TrainingError(
            f"a batch holds tensors with rows first, found none in {type(batch).__name__}"
        )
    return sizes[0]


def micro_batches(batch: object, parts: int) -> Iterator[tuple[float, object]]:
    """At most `parts` nearly equal pieces of a batch, each with its share of the rows."""
    rows = n_rows(batch)
    edges = [rows * i // min(parts, rows) for i in range(min(parts, rows) + 1)]
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        yield (stop - start) / rows, map_tensors(lambda t, a=start, b=stop: t[a:b], batch)


class Team:
    """The processes of a run: one, or those that torchrun started (its environment variables say
    so).
    """

    def __init__(self, device: str | torch.device | None = None):
        self.world, self.rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        local_rank = int(os.environ.get("LOCAL_RANK", 0))
        self.device = torch.device(device) if device else best_device()
        if self.device.type == "cuda":
            self.device = torch.device(
                "cuda", local_rank if self.device.index is None else self.device.index
            )
            torch.cuda.set_device(self.device)
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
            # at the very end: joining anew for a second run can meet the first one's keys in the
            # store, and hang
            atexit.register(dist.destroy_process_group)

    @property
    def leads(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def mean(self, values: Tensor) -> Tensor:
        """Mean over processes."""
        if self.world > 1:
            dist.all_reduce(values)
            values = values / self.world
        return values

    def highest(self, values: Tensor) -> Tensor:
        """Largest over processes."""
        if self.world > 1:
            dist.all_reduce(values, op=dist.ReduceOp.MAX)
        return values

    def gather(self, value: object) -> list:
        """Every process's value, by rank."""
        values = [value]
        if self.world > 1:
            values = [None] * self.world
            dist.all_gather_object(values, value)
        return values

    def first(self, value: object) -> object:
        """The first process's value, for all."""
        values = [value]
        if self.world > 1:
            dist.broadcast_object_list(values, 0, device=self.device)
        return values[0]

    def share(self, module: nn.Module) -> None:
        """The first process's parameters and buffers for all."""
        if self.world > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, 0)


class Batches:
    """Batches by number, made ahead by threads; a batch is kept until `forget`, for another try."""

    def __init__(self, source: BatchSource, team: Team, threads: int, last: int):
        self.source, self.team, self.last, self.ahead = source, team, last, 2 * threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="batches") if threads else None
        self.made: dict[int, Future | object] = {}

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_) -> None:
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def get(self, number: int) -> object:
        """The batch on the run's device."""
        if self.pool:
            for n in range(number, min(self.last, number + 1 + self.ahead)):
                if n not in self.made:
                    self.made[n] = self.pool.submit(self._make, n)
            batch = self.made[number].result()
        else:
            if number not in self.made:
                self.made[number] = self._make(number)
            batch = self.made[number]
        return map_tensors(lambda t: t.to(self.team.device, non_blocking=True), batch)

    def forget(self, before: int) -> None:
        for number in [n for n in self.made if n < before]:
            del self.made[number]

    def _make(self, number: int) -> object:
        batch = self.source.batch(number, self.team.rank, self.team.world)
        on_cuda = self.team.device.type == "cuda"
        return map_tensors(
            lambda t: t.pin_memory() if on_cuda and t.device.type == "cpu" else t, batch
        )


class Ema:
    """Exponential moving average of weights and buffers; young averages forget faster."""

    def __init__(self, module: nn.Module, decay: float):
        self.decay = decay
        self.live = module.state_dict()  # the module's own tensors: updates are in place
        self.average = {name: tensor.detach().clone() for name, tensor in self.live.items()}
        self.floats = [name for name, tensor in self.live.items() if tensor.is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            [self.average[n] for n in self.floats], [self.live[n] for n in self.floats], 1 - decay
        )
        for name in self.average.keys() - set(self.floats):
            self.average[name].copy_(self.live[name])

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Inside, the module carries the averaged weights."""
        last = {name: tensor.clone() for name, tensor in self.live.items()}
        self._put(self.average)
        try:
            yield
        finally:
            self._put(last)

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, tensor in self.live.items():
            tensor.copy_(values[name])

    @torch.no_grad()
    def load(self, values: Mapping[str, Tensor]) -> None:
        for name, tensor in self.average.items():
            tensor.copy_(values[name])


class Meter:
    """Means of named scalars since the last reading, kept on their device: reading is the only wait
    for it.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: Mapping[str, Tensor]) -> None:
        for name, value in terms.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.counts[name] = self.counts.get(name, 0) + 1

    def read(self, team: Team) -> dict[str, float]:
        """Means over steps and processes; starts anew."""
        if not self.sums:
            return {}
        means = team.mean(
            torch.stack([self.sums[n].float() / self.counts[n] for n in self.sums])
        ).tolist()
        result = dict(zip(self.sums, means, strict=True))
        self.sums, self.counts = {}, {}
        return result

    def state_dict(self) -> dict:
        return {"sums": dict(self.sums), "counts": dict(self.counts)}

    def load_state_dict(self, state: dict, device: torch.device) -> None:
        self.sums = {name: value.to(device) for name, value in state["sums"].items()}
        self.counts = dict(state["counts"])


class Run:
    """A module in training and everything a checkpoint holds."""

    def __init__(
        self,
        module: nn.Module,
        loss_fn: LossFn,
        cfg: TrainConfig,
        out: Path,
        team: Team,
        extra: Mapping[str, object],
        quiet: bool,
    ):
        self.cfg, self.team, self.loss_fn, self.extra, self.quiet = cfg, team, loss_fn, extra, quiet
        self.path = out / CHECKPOINT
        self.module = getattr(module, "_orig_mod", module).to(team.device)  # torch.compile wraps
        for thing in extra.values():
            if isinstance(thing, nn.Module):
                thing.to(team.device)
                team.share(thing)
        self.model = module
        team.share(self.module)
        self.dtype = autocast_dtype(cfg.precision, team.device)
        self.parameters = [p for p in self.module.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(
            self.parameters,
            cfg.learning_rate,
            betas=tuple(cfg.betas),
            fused=team.device.type == "cuda",
        )
        self.scaler = torch.amp.GradScaler(team.device.type, enabled=self.dtype == torch.float16)
        self.ema, self.meter = Ema(self.module, cfg.ema_decay), Meter()
        self.step, self.parts, self.rows = 0, 1, cfg.batch_size
        # first bad batch: loss, gradient
        self.bad = torch.full((2,), -1, dtype=torch.int64, device=team.device)
        self.interrupted, self.updating = False, False

    # --- the state on disk

    def start(self, resume: bool, loader_seed: int | None) -> None:
        """Seeds, or takes up the checkpoint; an old one that is not wanted is kept under another
        name.
        """
        self.loader_seed = loader_seed
        seed_all(self.cfg.seed * 1_000 + self.team.rank)
        self.random = random_state()
        # the first process writes it, and may be alone in seeing it: other machines have disks of
        # their own
        state = self.team.first(
            load_checkpoint(self.path)
            if resume and self.team.leads and self.path.exists()
            else None
        )
        if state is not None:
            self._take_up(state)
        elif self.path.exists() and self.team.leads:
            os.replace(self.path, self.path.with_name("checkpoint.previous.pt"))
            self.say(
                f"new run; the old checkpoint is now {self.path.with_name('checkpoint.previous.pt')}"
            )
        precision = str(self.dtype or torch.float32).removeprefix("torch.")
        n_parameters = sum(p.numel() for p in self.parameters)
        self.say(
            f"training {type(self.module).__name__} ({n_parameters:,} parameters) on {self.team.device}, "
            f"{precision}, {self.team.world} process(es), step {self.step} to {self.cfg.steps}"
        )

    def _take_up(self, state: dict) -> None:
        changed = {
            name: (state["config"].get(name), value)
            for name, value in asdict(self.cfg).items()
            if state["config"].get(name) != value
        }
        if state["loader_seed"] != self.loader_seed:
            changed["loader seed"] = (state["loader_seed"], self.loader_seed)
        for name, (old, new) in changed.items():
            self.say(f"resuming with another {name}: {old} -> {new}")
        try:
            self.module.load_state_dict(state["model"])
            self.adam.load_state_dict(state["optimizer"])
            self.ema.load(state["ema"])
            for name, thing in self.extra.items():
                thing.load_state_dict(state["extra"][name])
        except (RuntimeError, KeyError, ValueError) as error:
            found = " ".join(str(error).split())[:300]
            raise TrainingError(
                f"{self.path} does not fit this run ({found}); use its config, or start a new "
                "folder"
            ) from error
        self.scaler.load_state_dict(state["scaler"])
        self.meter.load_state_dict(state["meter"], self.team.device)
        self.step, self.parts = state["step"], state["parts"]
        if len(state["random"]) == self.team.world:
            self.random = state["random"][self.team.rank]
            set_random_state(self.random)

    def save(self, random_states: list[dict]) -> None:
        """Writes the checkpoint, if every number so far was finite."""
        self.check_finite()
        if self.team.leads:
            save_checkpoint(
                self.path,
                {
                    "format": FORMAT,
                    "step": self.step,
                    "parts": self.parts,
                    "config": asdict(self.cfg),
                    "loader_seed": self.loader_seed,
                    "model": self.module.state_dict(),
                    "optimizer": self.adam.state_dict(),
                    "scaler": self.scaler.state_dict(),
                    "ema": self.ema.average,
                    "meter": self.meter.state_dict(),
                    "random": random_states,
                    "extra": {name: thing.state_dict() for name, thing in self.extra.items()},
                },
            )

    def say(self, line: str) -> None:
        if self.team.leads and not self.quiet:
            from tqdm import tqdm

            tqdm.write(line)

    # --- one step

    def train_step(self, batches: Batches) -> None:
        """One update of the weights from `accumulation` batches; tried again with smaller pieces if
        memory ends.
        """
        terms = self._accumulate(batches)
        while terms is None:
            terms = self._accumulate(batches)
        self.updating = True
        for group in self.adam.param_groups:
            group["lr"] = learning_rate(self.step, self.cfg)
        self.scaler.unscale_(self.adam)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.cfg.clip_norm)
        # fp16 gradients overflow at times: the scaler skips such steps
        if not self.scaler.is_enabled():
            self._watch(1, norm, (self.step + 1) * self.cfg.accumulation - 1)
        self.scaler.step(self.adam)
        self.scaler.update()
        self.adam.zero_grad(set_to_none=True)
        self.ema.update(self.step)
        self.meter.add({**terms, "gradient": norm.detach()})
        self.step += 1
        self.updating = False

    def _accumulate(self, batches: Batches) -> dict[str, Tensor] | None:
        """Gradients of one step and the means of the terms; None after halving, when memory ran
        out.
        """
        terms = reason = None
        try:
            terms = self._gradients(batches)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            if self.team.world > 1 and self._loss_trains_itself():
                raise TrainingError(
                    f"out of memory at step {self.step} in process {self.team.rank} ({reason}); use a smaller "
                    # the others wait in its midst
                    "batch_size and a larger accumulation"
                ) from error
        # outside `except`: its traceback held the tensors
        if self._average_gradients(ready=terms is not None):
            return terms
        self._halve(reason or "in another process")
        return None

    def _loss_trains_itself(self) -> bool:
        """Whether processes meet inside the loss, to average the gradients of its own networks."""
        return any(
            isinstance(thing, nn.Module) and any(True for _ in thing.parameters())
            for thing in self.extra.values()
        )

    def _average_gradients(self, ready: bool) -> bool:
        """The mean of all processes' gradients for each, once all of them are `ready`; False if one
        is not: none is averaged.

        In one piece after the backward pass, not in its midst as DistributedDataParallel does: a
        process that runs out of memory leaves no other waiting, and they can agree to try again.
        """
        if self.team.world == 1:
            return ready
        # a parameter that no process used keeps no gradient, as with one process: Adam leaves it
        # alone
        votes = [not ready, *(p.grad is not None for p in self.parameters)]
        failed, *used = self.team.highest(
            torch.tensor(votes, dtype=torch.int, device=self.team.device)
        ).tolist()
        if failed:
            return False
        shared = [p for p, is_used in zip(self.parameters, used, strict=True) if is_used]
        pieces = [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in shared]
        if pieces:
            mean = self.team.mean(torch.cat(pieces))
            for p, piece in zip(shared, mean.split([len(piece) for piece in pieces]), strict=True):
                p.grad = piece.view_as(p)
        return True

    def _halve(self, reason: str) -> None:
        self.adam.zero_grad(set_to_none=True)
        if self.team.device.type == "cuda":
            torch.cuda.empty_cache()
        if self.parts >= self.rows:
            raise TrainingError(
                f"out of memory at step {self.step} with a single row ({reason}); use a smaller "
                "window_frames or model"
            )
        self.parts *= 2
        set_random_state(self.random)
        self.say(
            f"out of memory at step {self.step}: batch halved to {math.ceil(self.rows / self.parts)} rows, "
            f"accumulation doubled to {self.parts * self.cfg.accumulation}, going on"
        )

    def _gradients(self, batches: Batches) -> dict[str, Tensor]:
        means: dict[str, Tensor] = {}
        n = self.cfg.accumulation
        for number in range(self.step * n, (self.step + 1) * n):
            batch = batches.get(number)
            self.rows = n_rows(batch)
            for share, piece in micro_batches(batch, self.parts):
                terms = self._terms(piece)
                self.scaler.scale(terms["loss"] * (share / n)).backward()
                self._watch(0, terms["loss"].detach(), number)
                for name, value in terms.items():
                    value = value.detach() * (share / n)
                    means[name] = means[name] + value if name in means else value
        return means

    def _terms(self, batch: object) -> Mapping[str, Tensor]:
        with torch.autocast(self.team.device.type, self.dtype, enabled=self.dtype is not None):
            terms = self.loss_fn(self.model, batch)
        if not isinstance(terms, Mapping) or "loss" not in terms or terms["loss"].dim():
            raise TrainingError(
                'loss_fn(module, batch) must return a dict of scalars with "loss" among them'
            )
        return terms

    def _watch(self, kind: int, value: Tensor, number: int) -> None:
        """Remembers, on the device, the first batch where `value` is not finite: no waiting for the
        result.
        """
        seen = self.bad[kind]
        self.bad[kind] = torch.where((seen < 0) & ~torch.isfinite(value.detach()), number, seen)

    def check_finite(self) -> None:
        """Raises TrainingError if a loss or gradient has not been finite; all processes together."""
        loss, gradient = self.team.highest(self.bad.clone()).tolist()
        if max(loss, gradient) < 0:
            return
        what, number = ("loss", loss) if loss >= 0 else ("gradient", gradient)
        raise TrainingError(
            f"{what} not finite at step {number // self.cfg.accumulation}, batch {number}; the last "
            f"good checkpoint, if any, is {self.path}; look at that batch, or lower learning_rate"
        )

    # --- all steps

    def loop(
        self,
        batches: Batches,
        log: RunLog,
        validate: Callable | None,
        callbacks: tuple,
        stop: int,
        max_s: float | None,
    ) -> None:
        """Steps until `stop`, the time limit or Ctrl-C; saves at the end."""
        cfg, begin = self.cfg, time.monotonic()
        # on one CPU looking costs nothing; elsewhere it waits for the device, or for the others
        look_every = 1 if self.team.device.type == "cpu" and self.team.world == 1 else cfg.log_every
        self.module.train()
        try:
            with self._deferred_interrupt():
                while self.step < stop:
                    self.random = random_state()
                    self.train_step(batches)
                    batches.forget(self.step * cfg.accumulation)
                    last, ended = self.step == cfg.steps, False
                    if self.step % look_every == 0 or last:
                        self.check_finite()
                        over = max_s is not None and time.monotonic() - begin > max_s
                        ended = self._any(self.interrupted or over)
                    log.tick()
                    if self.step % cfg.log_every == 0 or last:
                        log.losses()
                    if self.step % cfg.picture_every == 0 or last:
                        self._show(log, validate, callbacks)
                    if self.step % cfg.save_every == 0 or self.step == stop or ended:
                        self.save(self.team.gather(random_state()))
                    if ended:
                        break
        except KeyboardInterrupt:
            # a hard interrupt, inside a step: as if that step had not begun
            if not self.updating and self.team.world == 1:
                self.save([self.random])
            raise KeyboardInterrupt(self._farewell()) from None
        if self.interrupted:
            raise KeyboardInterrupt(self._farewell())
        if self.step < cfg.steps:
            self.say(
                f"stopped at step {self.step} of {cfg.steps}; resume with --resume (fit(..., resume=True))"
            )

    def _any(self, flag: bool) -> bool:
        return (
            flag
            if self.team.world == 1
            else bool(self.team.highest(torch.tensor(int(flag), device=self.team.device)).item())
        )

    def _farewell(self) -> str:
        line = (
            f"interrupted at step {self.step} of {self.cfg.steps}; the checkpoint is {self.path}; "
            "go on with --resume (fit(..., resume=True))"
        )
        self.say(line)
        return line

    @contextmanager
    def _deferred_interrupt(self) -> Iterator[None]:
        """Ctrl-C takes effect after the step at hand; a second one at once, where no other process
        is left waiting.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def remember(number, frame):
            if self.interrupted and self.team.world == 1:
                raise KeyboardInterrupt
            self.interrupted = True

        before = signal.signal(signal.SIGINT, remember)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _show(self, log: RunLog, validate: Callable | None, callbacks: tuple) -> None:
        """Validation and pictures by the first process, leaving weights, mode and random state as
        they were.
        """
        if not self.team.leads or not (validate or callbacks):
            return
        with kept_random_state(), self.ema.swapped(), torch.no_grad():
            self.module.eval()
            if validate:
                log.validation(validate(self.module))
            for callback in callbacks:
                callback(self.module, self.step, log.writer)
        self.module.train()


class RunLog:
    """Progress bar, `log.csv`, `validation.csv` and TensorBoard; silent in all processes but the
    first.
    """

    def __init__(self, run: Run, step_seconds: float):
        self.run, self.step_seconds, self.active = run, step_seconds, run.team.leads
        self.since, self.steps = time.monotonic(), 0
        self.writer = self.bar = None
        if self.active:
            from torch.utils.tensorboard import SummaryWriter
            from tqdm import tqdm

            out = run.path.parent
            out.mkdir(parents=True, exist_ok=True)
            self.writer = SummaryWriter(
                out / "tensorboard", purge_step=run.step + 1 if run.step else None
            )
            self.tables = {
                name: Table(out / f"{name}.csv", run.step) for name in ("log", "validation")
            }
            self.bar = tqdm(
                total=run.cfg.steps,
                initial=run.step,
                unit="step",
                disable=run.quiet,
                mininterval=1.0,
            )

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_) -> None:
        if self.active:
            self.bar.close()
            self.writer.close()

    def tick(self) -> None:
        self.steps += 1
        if self.active:
            self.bar.update()

    def losses(self) -> None:
        """Means since the last call; all processes take part."""
        means = self.run.meter.read(self.run.team)
        elapsed = time.monotonic() - self.since
        speed = self.steps * self.step_seconds / max(elapsed, 1e-9)
        self.since, self.steps = time.monotonic(), 0
        if self.active:
            rate = learning_rate(self.run.step - 1, self.run.cfg)
            self._write("log", {**means, "learning_rate": rate, "audio_s_per_s": speed})
            self.bar.set_postfix(loss=f"{means['loss']:.4g}", refresh=False)

    def validation(self, values: Mapping[str, float]) -> None:
        self._write("validation", {name: float(value) for name, value in values.items()})
        self.since, self.steps = time.monotonic(), 0  # not the training's time

    def _write(self, table: str, values: Mapping[str, float]) -> None:
        self.tables[table].add({"step": self.run.step, **values})
        for name, value in values.items():
            self.writer.add_scalar(
                f"{'train' if table == 'log' else table}/{name}", value, self.run.step
            )


class Table:
    """A CSV that grows by rows and, at times, by columns; after resuming, rows later than `step`
    are dropped.
    """

    def __init__(self, path: Path, step: int):
        self.path, self.rows, self.columns = path, [], []
        if step and path.exists():
            with path.open(newline="") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        for row in self.rows:
            self._widen(row)
        if self.rows or path.exists():
            self._rewrite()

    def add(self, row: Mapping[str, object]) -> None:
        self.rows.append(row)
        if self._widen(row):
            self._rewrite()
        else:
            with self.path.open("a", newline="") as file:
                csv.DictWriter(file, self.columns).writerow(row)

    def _widen(self, row: Mapping[str, object]) -> bool:
        new = [name for name in row if name not in self.columns]
        self.columns += new
        return bool(new)

    def _rewrite(self) -> None:
        def write(temporary: Path) -> None:
            with temporary.open("w", newline="") as file:
                writer = csv.DictWriter(file, self.columns)
                writer.writeheader()
                writer.writerows(self.rows)

        write_atomic(self.path, write)
