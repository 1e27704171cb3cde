"""Where training gets its pairs: shards on disk, or rendering without end in other processes, both through one pool."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from kcarol.config import AudioConfig
from kcarol.corpus.truth import N_PACKED, REST
from kcarol.store import write_atomic

ROW_FRAMES = 1280  # 20.48 s: every pair is cut or padded to this
LENGTH_S = 21.5  # of the songs drawn, so that few need padding
SUFFIX = ".pairs.safetensors"


@dataclass(frozen=True)
class Group:
    """Pairs in one style: pop, carol (N, T) int16; truth (N, F, N_PACKED) int16, F = ROW_FRAMES + 1."""

    pop: np.ndarray
    carol: np.ndarray
    truth: np.ndarray


def make_group(seed: int, cfg: AudioConfig) -> Group:
    """The pairs of one seed, as training stores them."""
    from kcarol.corpus.pairs import make_pairs

    pairs = make_pairs(seed, cfg, LENGTH_S)
    n_samples = ROW_FRAMES * cfg.hop_length
    waves = [[_fit(_int16(wave), n_samples, 0) for wave in (pair.pop, pair.carol)] for pair in pairs]
    truths = []
    for pair in pairs:
        empty = np.zeros((ROW_FRAMES + 1, N_PACKED), np.int16)
        empty[:, :2] = REST
        packed = pair.truth.packed()[: ROW_FRAMES + 1]
        empty[: len(packed)] = packed
        truths.append(empty)
    return Group(np.stack([w[0] for w in waves]), np.stack([w[1] for w in waves]), np.stack(truths))


def _int16(wave: np.ndarray) -> np.ndarray:
    return np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16)


def _fit(wave: np.ndarray, n: int, value: int) -> np.ndarray:
    return np.pad(wave[:n], (0, max(0, n - len(wave))), constant_values=value)


def _init_worker() -> None:
    torch.set_num_threads(1)


def rendered_groups(seeds: Iterable[int], cfg: AudioConfig, jobs: int) -> Iterator[tuple[int, Group]]:
    """(seed, group) in the seeds' order, rendered by `jobs` spawned processes, a few groups ahead. Ends with the seeds."""
    context = multiprocessing.get_context("spawn")  # a fork of a process in which torch has run can hang
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_init_worker) as workers:
        waiting, seeds = [], iter(seeds)
        try:
            while True:
                while len(waiting) < 3 * jobs and (seed := next(seeds, None)) is not None:
                    waiting.append((seed, workers.submit(make_group, seed, cfg)))
                if not waiting:
                    return
                seed, future = waiting.pop(0)
                yield seed, future.result()
        finally:
            workers.shutdown(wait=False, cancel_futures=True)


def save_group(path: Path, group: Group) -> None:
    write_atomic(path, partial(save_file, {"pop": group.pop, "carol": group.carol, "truth": group.truth}))


def load_group(path: Path) -> Group:
    return Group(**load_file(path))


def stored_groups(folder: Path) -> Iterator[Group]:
    """The groups of a folder that `build` wrote, in order of their names."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        yield load_group(path)


def followed_groups(folder: Path, poll_s: float = 1.0) -> Iterator[Group]:
    """As `stored_groups`, without end: what other processes write later comes as it is finished."""
    seen: set[Path] = set()
    while True:
        fresh = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if path not in seen]
        for path in fresh:
            seen.add(path)
            yield load_group(path)
        if not fresh:
            time.sleep(poll_s)


def build(out: Path, hours: float, seed: int, jobs: int, cfg: AudioConfig | None = None, progress=None) -> tuple[int, float]:
    """Render pairs to shards until `out` holds `hours` hours; finished shards stay. Returns (pairs rendered, seconds taken)."""
    from kcarol.corpus.pairs import SONGS_PER_STYLE

    cfg = cfg or AudioConfig()
    out.mkdir(parents=True, exist_ok=True)
    pair_s = ROW_FRAMES * cfg.hop_length / cfg.sample_rate
    n_groups = int(np.ceil(hours * 3600 / pair_s / SONGS_PER_STYLE))
    todo = [s for s in range(seed, seed + n_groups) if not (out / f"{s:012d}{SUFFIX}").exists()]
    started = time.monotonic()
    for number, (group_seed, group) in enumerate(rendered_groups(todo, cfg, jobs)):
        save_group(out / f"{group_seed:012d}{SUFFIX}", group)
        if progress:
            progress(number + 1, len(todo))
    return len(todo) * SONGS_PER_STYLE, time.monotonic() - started


class WavePool:
    """Windows of a pool's waves for the vocoder (a `BatchSource`): mostly carols, some pop for what carols lack."""

    def __init__(self, pool: PairPool, batch_size: int, window_frames: int, pop_share: float = 0.25, seed: int = 0):
        self.pool, self.batch_size, self.window_frames, self.pop_share, self.seed = (
            pool, batch_size, window_frames, pop_share, seed,
        )  # fmt: skip
        self.batch_seconds = batch_size * window_frames / pool.cfg.frame_rate

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """wave (B, T), T = (window_frames - 1) * hop, at levels from -12 to +6 dB."""
        rng = np.random.default_rng([self.seed, step])
        own = slice(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        rows = torch.from_numpy(rng.integers(0, self.pool.filled, self.batch_size)[own])
        starts = torch.from_numpy(rng.integers(0, ROW_FRAMES - self.window_frames, self.batch_size)[own])
        from_pop = torch.from_numpy(rng.random(self.batch_size)[own] < self.pop_share)
        pick = [self.pool.cut(waves, rows, starts, self.window_frames) for waves in (self.pool.carol, self.pool.pop)]
        wave = torch.where(from_pop.to(pick[0].device)[:, None], pick[1], pick[0]).float() / 32768
        gain = torch.from_numpy(10 ** (rng.uniform(-12, 6, self.batch_size)[own] / 20)).float().to(wave.device)
        return {"wave": wave * gain[:, None]}


class PairPool:
    """Pairs in memory, on one device, from which batches of windows are drawn (a `BatchSource`).

    Groups come from an iterator, in a thread; when the pool is full the oldest make room, or, if the iterator ends, all
    stay. A batch depends on the step, the seed and on what is in the pool: with all groups loaded first (`wait=True`) it is
    a function of the step alone.
    """

    def __init__(self, groups: Iterable[Group], cfg: AudioConfig, capacity: int, batch_size: int, window_frames: int,
                 seed: int = 0, device: str | torch.device = "cpu", wait: bool = False, least: int = 2):  # fmt: skip
        if window_frames > ROW_FRAMES + 1:
            raise ValueError(f"expected windows of at most {ROW_FRAMES + 1} frames, found {window_frames}")
        self.cfg, self.batch_size, self.window_frames, self.seed, self.device = cfg, batch_size, window_frames, seed, device
        n_samples = ROW_FRAMES * cfg.hop_length
        self.pop = torch.zeros(capacity, n_samples, dtype=torch.int16, device=device)
        self.carol = torch.zeros(capacity, n_samples, dtype=torch.int16, device=device)
        self.truth = torch.zeros(capacity, ROW_FRAMES + 1, N_PACKED, dtype=torch.int16, device=device)
        self.mate = torch.zeros(capacity, dtype=torch.long)  # another row in the same style
        self.filled, self.added, self.error = 0, 0, None
        self._thread = threading.Thread(target=self._fill, args=(iter(groups),), daemon=True)
        self._thread.start()
        if wait:
            self._thread.join()
        while self.filled < least and self._thread.is_alive():
            time.sleep(0.05)
        if self.error:
            raise self.error
        if self.filled == 0:
            raise ValueError("expected at least one pair, found none; render some: kcarol corpus --hours 1 --out data/corpus")

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def _fill(self, groups: Iterator[Group]) -> None:
        try:
            for group in groups:
                self._add(group)
        except Exception as error:  # handed to whoever draws the next batch
            self.error = error

    def _add(self, group: Group) -> None:
        n, capacity = len(group.pop), len(self.pop)
        rows = [(self.added + i) % capacity for i in range(n)]
        for i, row in enumerate(rows):
            self.pop[row] = torch.from_numpy(group.pop[i]).to(self.device)
            self.carol[row] = torch.from_numpy(group.carol[i]).to(self.device)
            self.truth[row] = torch.from_numpy(group.truth[i]).to(self.device)
            self.mate[row] = rows[(i + 1) % n]
        self.added += n
        self.filled = min(self.added, capacity)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """Windows of B pairs: pop, carol, reference (B, T), truth (B, F, N_PACKED), T = (F - 1) * hop."""
        if self.error:
            raise self.error
        rng = np.random.default_rng([self.seed, step])
        own = slice(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        rows = torch.from_numpy(rng.integers(0, self.filled, self.batch_size)[own])
        last = ROW_FRAMES + 1 - self.window_frames
        starts = torch.from_numpy(rng.integers(0, last + 1, (2, self.batch_size))[:, own])
        mates = self.mate[rows]
        return {
            "pop": self.cut(self.pop, rows, starts[0]), "carol": self.cut(self.carol, rows, starts[0]),
            "reference": self.cut(self.carol, mates, starts[1], self.window_frames // 2),
            "truth": self.cut(self.truth, rows, starts[0]),
        }  # fmt: skip

    def cut(self, pool: torch.Tensor, rows: torch.Tensor, starts: torch.Tensor, n_frames: int | None = None) -> torch.Tensor:
        n_frames = n_frames or self.window_frames
        if pool.ndim == 2:  # waves: a hop of samples a frame, one frame more than hops
            starts, length = starts * self.cfg.hop_length, (n_frames - 1) * self.cfg.hop_length
        else:
            length = n_frames
        index = (starts[:, None] + torch.arange(length)).to(self.device)
        return pool[rows.to(self.device)[:, None], index]
