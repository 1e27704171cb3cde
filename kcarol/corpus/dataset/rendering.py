"""Files of the corpus rendered by several processes, and the shards of pairs among them."""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from kcarol.config import AudioConfig
from kcarol.dataset.shards import ROW_FRAMES, SUFFIX, Shard, save_shard

SONG_S = 21.5  # length of the songs drawn: a little over ROW_FRAMES, so that few need padding
Made = TypeVar("Made")
AHEAD = 3  # shards in work or waiting for each process


def make_shard(seed: int, cfg: AudioConfig, plain: bool = False) -> Shard:
    """The pairs of one seed, as training stores them; `plain` as for `make_pairs`."""
    from kcarol.corpus.dataset.pairs import make_pairs

    pairs = make_pairs(seed, cfg, SONG_S, plain=plain)
    return Shard.of(
        [pair.pop for pair in pairs],
        [pair.carol for pair in pairs],
        [pair.labels.packed() for pair in pairs],
        cfg.hop_length,
    )


def rendered_shards(
    seeds: Iterable[int], cfg: AudioConfig, jobs: int
) -> Iterator[tuple[int, Shard]]:
    """(seed, shard) in the order of the seeds, by `jobs` processes."""
    return rendered(functools.partial(make_shard, cfg=cfg), seeds, jobs)


def rendered(
    make: Callable[[int], Made], seeds: Iterable[int], jobs: int
) -> Iterator[tuple[int, Made]]:
    """(seed, what is made of it) in the order of the seeds, by `jobs` spawned processes, a few
    ahead.
    """
    # a fork of a process in which torch has run can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_init_worker) as workers:

        def submitted(n: int) -> list[tuple[int, Future]]:
            return [(seed, workers.submit(make, seed)) for seed in islice(seeds, n)]

        seeds = iter(seeds)
        waiting = submitted(AHEAD * jobs)
        try:
            while waiting:
                seed, made = waiting.pop(0)
                yield seed, made.result()
                waiting += submitted(1)
        finally:
            workers.shutdown(wait=False, cancel_futures=True)


def _init_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process with its parent, instead of waiting for work as an orphan."""
    multiprocessing.parent_process().join()
    os._exit(1)


def build(
    out: Path,
    hours: float,
    seed: int,
    jobs: int,
    cfg: AudioConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
    plain: bool = False,
) -> tuple[int, float]:
    """Renders pairs to shards until `out` holds `hours` hours, see `build_files`.

    Returns (pairs rendered, seconds taken).
    """
    from kcarol.corpus.dataset.pairs import SONGS_PER_STYLE

    cfg = cfg or AudioConfig()
    make = functools.partial(make_shard, cfg=cfg, plain=plain)
    paths = numbered(out, SUFFIX, hours, seed, SONGS_PER_STYLE, cfg)
    n_shards, seconds = build_files(paths, make, save_shard, jobs, progress)
    return n_shards * SONGS_PER_STYLE, seconds


def numbered(
    out: Path, suffix: str, hours: float, seed: int, n_rows: int, cfg: AudioConfig
) -> dict[int, Path]:
    """Paths in `out` by seed, from `seed` on: files of `n_rows` rows, of `hours` hours together."""
    row_s = ROW_FRAMES / cfg.frame_rate
    n_files = int(np.ceil(hours * 3600 / row_s / n_rows))
    return {number: out / f"{number:012d}{suffix}" for number in range(seed, seed + n_files)}


def build_files(
    paths: Mapping[int, Path],
    make: Callable[[int], Made],
    save: Callable[[Path, Made], None],
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, float]:
    """Saves what is made of each seed under its path; finished files stay.

    `progress` is called with the number of files done and to do. Returns (files made, seconds
    taken).
    """
    todo = [seed for seed, path in paths.items() if not path.exists()]
    for folder in {path.parent for path in paths.values()}:
        folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    for n_done, (seed, made) in enumerate(rendered(make, todo, jobs), 1):
        save(paths[seed], made)
        if progress:
            progress(n_done, len(todo))
    return len(todo), time.monotonic() - started
