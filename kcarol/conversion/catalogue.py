"""A catalogue of songs to carols, side by side and for as often as it takes: what is there stays,
what failed is listed.

The engine is any `concurrent.futures.Executor`: processes of this machine, or Dask's workers on
many. A carol appears whole or not at all, so that its presence is the record of what was done; the
journal only tells the story.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context, parent_process
from pathlib import Path

from kcarol.audio.errors import printable

AHEAD = 4  # tasks a worker that the engine is given at a time: a manifest may hold millions
ATTEMPTS = 2  # at a song whose worker dies
DONE, SKIPPED, FAILED = "done", "skipped", "failed"


class ManifestError(ValueError):
    """A list of songs that cannot be read, in one line."""


@dataclass(frozen=True)
class Settings:
    """How each song is converted, in values that travel to other processes and machines."""

    weights: str | None = None
    device: str | None = None
    vocoder: str = "neural"
    style: str = "bells"
    strength: float = 1.0
    force: bool = False
    threads: int = 1  # of torch, a worker


@dataclass(frozen=True)
class Outcome:
    """What became of a song."""

    song: str
    carol: str
    status: str  # DONE, SKIPPED (was there before) or FAILED
    seconds: float = 0.0  # that it took
    reason: str = ""  # of a failure


def read_manifest(path: Path) -> list[Path]:
    """Songs of a list: a path a line or, in a .jsonl, an object with "song" a line; relative ones
    from the list's folder.

    The same song twice counts once. ManifestError for a list that is missing, empty, or no such
    text.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise ManifestError(f"{path}: expected a list of songs, found {error.strerror}") from error
    entries = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not entries:
        raise ManifestError(f"{path}: expected a path of a song a line, found none")
    if path.suffix.lower() == ".jsonl":
        entries = [(number, _song_of(line, f"{path}, line {number}")) for number, line in entries]
    zero = [number for number, name in entries if "\0" in name]
    if zero:
        raise ManifestError(
            f"{path}, line {zero[0]}: expected text, found a zero byte: is it a list at all?"
        )
    return list(dict.fromkeys(Path(path).parent / name for _, name in entries))


def _song_of(line: str, where: str) -> str:
    try:
        return str(Path(json.loads(line)["song"]))
    except (ValueError, TypeError, KeyError) as error:
        raise ManifestError(
            f'{where}: expected an object with "song", found {line[:60]!r}'
        ) from error


def convert_all(
    plan: Mapping[Path, Path],
    settings: Settings,
    jobs: int,
    journal: Path | None = None,
    engine: str | None = None,
    progress: Callable[[Outcome], object] = lambda outcome: None,
    task: Callable | None = None,
) -> list[Outcome]:
    """Every song of `plan` (song -> carol) by `jobs` workers; outcomes in the order in which they
    came.

    `journal`: a .jsonl to which each outcome is added as it comes. `engine`: address of a Dask
    scheduler whose workers have kcarol and the same files; None: processes here. A song whose
    worker dies is tried again alone, and fails at the second death. `task` (for tests): what a
    worker does, of a song, a carol and the settings.
    """
    work = partial(task or convert_song, settings=settings)
    outcomes = []
    with _engine(engine, jobs) as open_executor, _journal(journal) as write:
        for outcome in _run(work, plan.items(), jobs, open_executor):
            write(outcome)
            progress(outcome)
            outcomes.append(outcome)
    return outcomes


def convert_song(song: Path, carol: Path, settings: Settings) -> Outcome:
    """One song, in a worker. Its errors are outcomes; what ends the worker is not."""
    from kcarol.conversion.api import convert

    started = time.monotonic()
    if carol.exists() and not settings.force:
        return Outcome(str(song), str(carol), SKIPPED)
    try:
        convert(
            song,
            carol,
            settings.style,
            settings.strength,
            converter=_converter(settings),
            force=settings.force,
        )
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        reason = printable(" ".join(str(error).split())) or type(error).__name__
        return Outcome(str(song), str(carol), FAILED, time.monotonic() - started, reason)
    return Outcome(str(song), str(carol), DONE, time.monotonic() - started)


@lru_cache(maxsize=1)
def _converter(settings: Settings):
    """Loaded once a worker."""
    import torch

    from kcarol.conversion.converter import Converter

    torch.set_num_threads(settings.threads)
    return Converter.load(settings.weights, settings.device, settings.vocoder)


def _run(
    work: Callable, tasks: Iterable[tuple[Path, Path]], jobs: int, open_executor: Callable
) -> Iterator[Outcome]:
    """Outcomes of all tasks. A worker's death breaks the executor: those in its hands then go one
    by one.
    """
    waiting = iter(tasks)
    suspects: deque[tuple[tuple[Path, Path], int]] = deque()  # with the attempts that are left
    while True:
        with open_executor(jobs) as executor:
            lost = yield from _feed(executor, work, waiting, jobs * AHEAD)
        if not lost:
            return
        suspects.extend((pair, ATTEMPTS) for pair in lost)
        while suspects:
            with open_executor(1) as executor:
                yield from _one_by_one(executor, work, suspects)


def _feed(executor: Executor, work: Callable, waiting: Iterator, most: int) -> Iterator[Outcome]:
    """Yields outcomes until the tasks end, or the executor breaks; returns the tasks that were then
    under way.
    """
    running: dict[Future, tuple[Path, Path]] = {}
    broken: list[tuple[Path, Path]] = []
    while not broken:
        while len(running) < most and not broken and (pair := next(waiting, None)):
            try:
                running[executor.submit(work, *pair)] = pair
            except BrokenExecutor:
                broken.append(pair)
        if not running:
            break
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            pair = running.pop(future)
            if isinstance(future.exception(), BrokenExecutor):
                broken.append(pair)
            else:
                yield _outcome(future, pair)
    for future in wait(running).done:
        broken.append(running[future])
    return broken


def _one_by_one(
    executor: Executor, work: Callable, suspects: deque[tuple[tuple[Path, Path], int]]
) -> Iterator[Outcome]:
    """Outcomes of songs that were in hand when a worker died, until one breaks the executor: that
    one is to blame.
    """
    while suspects:
        (song, carol), left = suspects.popleft()
        future = executor.submit(work, song, carol)
        wait([future])
        if not isinstance(future.exception(), BrokenExecutor):
            yield _outcome(future, (song, carol))
        elif left > 1:
            suspects.appendleft(((song, carol), left - 1))
            return
        else:
            yield Outcome(
                str(song),
                str(carol),
                FAILED,
                reason=f"its worker died {ATTEMPTS} times: is there memory enough?",
            )
            return


def _outcome(future: Future, pair: tuple[Path, Path]) -> Outcome:
    """Of a future that is done; one that raised, as engines do whose workers are lost, failed."""
    if error := future.exception():
        return Outcome(
            str(pair[0]), str(pair[1]), FAILED, reason=printable(f"{type(error).__name__}: {error}")
        )
    return future.result()


@contextmanager
def _engine(address: str | None, jobs: int) -> Iterator[Callable[[int], Executor]]:
    """A function that opens an executor with so many workers."""
    if address is None:
        yield _processes
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ManifestError(
            f"--engine {address}: expected Dask, found none: pip install 'kcarol[catalogue]'"
        ) from error
    with Client(address, timeout="30s") as client:
        yield lambda n: client.get_executor(pure=False)


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Spawned, not forked: torch's threads do not survive a fork. Left by an error, none goes on."""
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
    """Ctrl-C reaches all processes, and is left to the first; when that one dies, whatever the
    cause, this one ends, too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    first = parent_process()

    def follow() -> None:
        first.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _journal(path: Path | None) -> Iterator[Callable[[Outcome], None]]:
    """A function that adds a line: after a crash at most the last line is torn, and the next run
    sets it right.
    """
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


def summary(outcomes: Iterable[Outcome]) -> str:
    """How many there were of each kind: `3 songs: 2 done, 1 failed`."""
    outcomes = list(outcomes)
    counts = {
        status: sum(o.status == status for o in outcomes) for status in (DONE, SKIPPED, FAILED)
    }
    return f"{len(outcomes)} songs: " + ", ".join(f"{n} {status}" for status, n in counts.items())
