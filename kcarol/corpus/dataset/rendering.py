"""Shards rendered by several processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from kcarol.config import AudioConfig
from kcarol.dataset.shards import ROW_FRAMES, SUFFIX, Shard, save_shard

SONG_S = 21.5  # length of the songs drawn: a little over ROW_FRAMES, so that few need padding


def make_shard(seed: int, cfg: AudioConfig) -> Shard:
    """The pairs of one seed, as training stores them."""
    from kcarol.corpus.dataset.pairs import make_pairs

    pairs = make_pairs(seed, cfg, SONG_S)
    return Shard.of(
        [pair.pop for pair in pairs],
        [pair.carol for pair in pairs],
        [pair.labels.packed() for pair in pairs],
        cfg.hop_length,
    )


def _init_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent leaves no orphans behind: they would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


def rendered_shards(
    seeds: Iterable[int], cfg: AudioConfig, jobs: int
) -> Iterator[tuple[int, Shard]]:
    """(seed, group) in the seeds' order, rendered by `jobs` spawned processes, a few groups ahead.
    Ends with the seeds.
    """
    # a fork of a process in which torch has run can hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_init_worker) as workers:
        waiting, seeds = [], iter(seeds)
        try:
            while True:
                while len(waiting) < 3 * jobs and (seed := next(seeds, None)) is not None:
                    waiting.append((seed, workers.submit(make_shard, seed, cfg)))
                if not waiting:
                    return
                seed, future = waiting.pop(0)
                yield seed, future.result()
        finally:
            workers.shutdown(wait=False, cancel_futures=True)


def build(
    out: Path, hours: float, seed: int, jobs: int, cfg: AudioConfig | None = None, progress=None
) -> tuple[int, float]:
    """Render pairs to shards until `out` holds `hours` hours; finished shards stay. Returns (pairs
    rendered, seconds taken).
    """
    from kcarol.corpus.dataset.pairs import SONGS_PER_STYLE

    cfg = cfg or AudioConfig()
    out.mkdir(parents=True, exist_ok=True)
    pair_s = ROW_FRAMES * cfg.hop_length / cfg.sample_rate
    n_groups = int(np.ceil(hours * 3600 / pair_s / SONGS_PER_STYLE))
    todo = [s for s in range(seed, seed + n_groups) if not (out / f"{s:012d}{SUFFIX}").exists()]
    started = time.monotonic()
    for number, (group_seed, group) in enumerate(rendered_shards(todo, cfg, jobs)):
        save_shard(out / f"{group_seed:012d}{SUFFIX}", group)
        if progress:
            progress(number + 1, len(todo))
    return len(todo) * SONGS_PER_STYLE, time.monotonic() - started
