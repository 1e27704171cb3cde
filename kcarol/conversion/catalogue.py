"""Converts lists of songs by several processes; carols that are there already are skipped.

The scheduler is any `concurrent.futures.Executor`: processes of this machine, or Dask's workers on
many. A carol appears whole or not at all, with the record of what it was made from in its file: so
it is known to be done, or to be outdated. The journal is for the reader alone.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import LostSoundWarning, printable, telling
from kcarol.config import install_command
from kcarol.conversion.manifest import ManifestError
from kcarol.conversion.settings import CarolSettings

if TYPE_CHECKING:
    from kcarol.conversion.converter import Converter

AHEAD = 4  # songs a worker that the scheduler holds at a time: a manifest may list millions
ATTEMPTS = 2  # per song whose worker dies
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
NO_RECORD = "exists, but does not record what it was made from: --force converts it again"

Pair = tuple[Path, Path]  # a song and its carol
OpenExecutor = Callable[[int], AbstractContextManager[Executor]]  # number of workers -> executor


@dataclass(frozen=True)
class Settings:
    """How songs are converted, in values that can be sent to other processes."""

    weights: str | None = None
    device: str | None = None
    vocoder: str = "neural"
    carol: CarolSettings = CarolSettings()
    force: bool = False
    threads: int = 1  # of torch, a worker


@dataclass(frozen=True)
class Outcome:
    """The outcome of one song."""

    song: str
    carol: str
    status: str  # DONE, SKIPPED (it is there already) or FAILED
    seconds: float = 0.0  # taken
    # of a failure, of skipping a file that may be another carol, or what sound is missing of a song
    reason: str = ""


def convert_all(
    plan: Mapping[Path, Path],
    settings: Settings,
    jobs: int,
    journal: Path | None = None,
    scheduler: str | None = None,
    progress: Callable[[Outcome], object] = lambda outcome: None,
    task: Callable | None = None,
) -> list[Outcome]:
    """Convert every song of `plan` (song -> carol) by `jobs` workers.

    journal: .jsonl to which each outcome is added as it comes.
    scheduler: address of Dask's, whose workers see the same files; None: processes here.
    task: for tests, the function that a worker calls with a song, a carol and the settings.
    """
    work = partial(task or convert_song, settings=settings)
    outcomes = []
    with _scheduler(scheduler) as open_executor, _journal(journal) as write:
        for outcome in _outcomes(work, plan.items(), jobs, open_executor):
            write(outcome)
            progress(outcome)
            outcomes.append(outcome)
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many there are of each kind: `3 songs: 2 done, 0 skipped, 1 failed`."""
    statuses = [outcome.status for outcome in outcomes]
    counts = [f"{statuses.count(status)} {status}" for status in (DONE, SKIPPED, FAILED)]
    return f"{len(statuses)} songs: {', '.join(counts)}{unrecorded_note(outcomes)}"


def unrecorded_note(outcomes: Iterable[Outcome]) -> str:
    """To add to a summary; empty if every carol that was skipped has a record."""
    n_unknown = sum(outcome.reason == NO_RECORD for outcome in outcomes)
    if not n_unknown:
        return ""
    return f" ({n_unknown} of the skipped do not record what they were made from)"


# --- in a worker


def convert_song(song: Path, carol: Path, settings: Settings) -> Outcome:
    """Convert one song. Errors become outcomes, except those that end the worker."""
    from kcarol.conversion import provenance
    from kcarol.conversion.api import convert

    started = time.monotonic()
    lost: list[str] = []
    try:
        converter = _converter(settings)
        settings = replace(settings, carol=settings.carol.of_song(song))
        found = provenance.compare(carol, song, settings_sha256(settings))
        if found in provenance.KEPT and not settings.force:
            return skipped(song, carol, found)
        force = settings.force or found == provenance.OUTDATED
        with telling(LostSoundWarning, lost.append):
            convert(song, carol, **vars(settings.carol), converter=converter, force=force)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        reason = printable(" ".join(str(error).split())) or type(error).__name__
        return Outcome(str(song), str(carol), FAILED, time.monotonic() - started, reason)
    return Outcome(str(song), str(carol), DONE, time.monotonic() - started, "; ".join(lost))


def is_wrong(outcome: Outcome) -> bool:
    """Whether a song failed, or became a carol though some of its sound is missing."""
    return outcome.status == FAILED or (outcome.status == DONE and bool(outcome.reason))


def skipped(song: Path, carol: Path, found: str) -> Outcome:
    """Of a carol that is there. `found`: see `provenance.compare`."""
    from kcarol.conversion.provenance import UNRECORDED

    reason = NO_RECORD if found == UNRECORDED else ""
    return Outcome(str(song), str(carol), SKIPPED, reason=reason)


@lru_cache(maxsize=1)
def settings_sha256(settings: Settings) -> str:
    """As carols record it, see `provenance.settings_sha256`. WeightsError if there are none."""
    from kcarol.conversion import provenance
    from kcarol.conversion.weights import weights_sha256

    weights = weights_sha256(settings.weights, settings.vocoder)
    return provenance.settings_sha256(weights, settings.carol)


@lru_cache(maxsize=1)
def _converter(settings: Settings) -> Converter:
    """Loaded once a worker."""
    import torch

    from kcarol.conversion.converter import Converter

    torch.set_num_threads(settings.threads)
    return Converter.load(settings.weights, settings.device, settings.vocoder)


# --- handing songs to workers


def _outcomes(
    work: Callable, pairs: Iterable[Pair], jobs: int, open_executor: OpenExecutor
) -> Iterator[Outcome]:
    """Outcomes of all songs, in the order in which they come.

    A worker that dies breaks its executor, which loses the songs in progress. These are retried
    one by one, so that only the song that kills its worker fails.
    """
    waiting = iter(pairs)
    while True:
        with open_executor(jobs) as executor:
            lost = yield from _run(executor, work, waiting, jobs * AHEAD)
        if not lost:
            return
        suspects = deque((pair, ATTEMPTS) for pair in lost)
        while suspects:
            with open_executor(1) as executor:
                yield from _run_one_by_one(executor, work, suspects)


def _run(
    executor: Executor, work: Callable, waiting: Iterator[Pair], most: int
) -> Generator[Outcome, None, list[Pair]]:
    """Yields outcomes until songs end or the executor breaks; returns the songs lost by that."""
    running: dict[Future, Pair] = {}
    lost: list[Pair] = []
    while not lost:
        while len(running) < most and not lost and (pair := next(waiting, None)):
            try:
                running[executor.submit(work, *pair)] = pair
            except BrokenExecutor:
                lost.append(pair)
        if not running:
            break
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            pair = running.pop(future)
            if isinstance(future.exception(), BrokenExecutor):
                lost.append(pair)
            else:
                yield _outcome(future, pair)
    wait(running)
    return lost + list(running.values())


def _run_one_by_one(
    executor: Executor, work: Callable, suspects: deque[tuple[Pair, int]]
) -> Iterator[Outcome]:
    """Outcomes of `suspects` (songs and their attempts left) until one breaks the executor.

    That one is put back, or has failed at its last attempt.
    """
    while suspects:
        pair, attempts = suspects.popleft()
        future = executor.submit(work, *pair)
        wait([future])
        if not isinstance(future.exception(), BrokenExecutor):
            yield _outcome(future, pair)
            continue
        if attempts > 1:
            suspects.appendleft((pair, attempts - 1))
        else:
            reason = f"its worker died {ATTEMPTS} times: is there memory enough?"
            yield Outcome(str(pair[0]), str(pair[1]), FAILED, reason=reason)
        return


def _outcome(future: Future, pair: Pair) -> Outcome:
    """The outcome of a finished future; FAILED if it raised, as when its worker was lost."""
    if error := future.exception():
        reason = printable(f"{type(error).__name__}: {error}")
        return Outcome(str(pair[0]), str(pair[1]), FAILED, reason=reason)
    return future.result()


# --- schedulers


@contextmanager
def _scheduler(address: str | None) -> Iterator[OpenExecutor]:
    """A function that opens an executor with a number of workers."""
    if address is None:
        yield _processes
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ManifestError(
            f"--scheduler {address}: expected Dask, found none: {install_command('catalogue')}"
        ) from error
    with Client(address, timeout="30s") as client:
        yield lambda jobs: client.get_executor(pure=False)


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Spawned, since torch's threads do not survive a fork. An error ends them all."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        raise
    pool.shutdown()


def _start_worker() -> None:
    """Leave Ctrl-C, which reaches all processes, to the parent, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    first = parent_process()
    assert first is not None

    def follow() -> None:
        first.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _journal(path: Path | None) -> Iterator[Callable[[Outcome], None]]:
    """A function that adds a line. A line torn by a crash is ended before the next one."""
    if path is None:
        yield lambda outcome: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")

        def write(outcome: Outcome) -> None:
            file.write(json.dumps(asdict(outcome)).encode() + b"\n")
            file.flush()

        yield write
