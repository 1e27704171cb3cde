"""Where training gets its pairs: shards on disk, or rendering without end in other processes, both through one pool."""

from __future__ import annotations

import multiprocessing
import os
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
from kcarol.content import N_FIELDS
from kcarol.corpus.truth import N_PACKED, REST
from kcarol.spectral import Features, LogMel
from kcarol.store import write_atomic

ROW_FRAMES = 1280  # 20.48 s: every pair is cut or padded to this
LENGTH_S = 21.5  # of the songs drawn, so that few need padding
SUFFIX = ".pairs.safetensors"


@dataclass(frozen=True)
class Group:
    """Pairs in one style: pop, carol (N, T) int16; truth (N, F, N_PACKED) int16, F = ROW_FRAMES + 1.

    content (N, F, N_FIELDS) float16, for all groups of a pool or none: what the player is given instead; not stored.
    """

    pop: np.ndarray
    carol: np.ndarray
    truth: np.ndarray
    content: np.ndarray | None = None


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
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent leaves no orphans behind: they would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


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


class Pool:
    """Rows in memory, on one device, filled from an iterator of groups by a thread. When full, the oldest make room."""

    def __init__(self, groups: Iterable[Group], cfg: AudioConfig, capacity: int, batch_size: int, window_frames: int,
                 seed: int = 0, device: str | torch.device = "cpu", wait: bool = True):  # fmt: skip
        """`wait`: for all groups, which makes a batch a function of seed and step alone; else for the first only."""
        if not 2 <= window_frames <= ROW_FRAMES:
            raise ValueError(f"expected windows of 2 to {ROW_FRAMES} frames, found {window_frames}")
        self.cfg, self.batch_size, self.window_frames, self.seed, self.device = cfg, batch_size, window_frames, seed, device
        self.mate = torch.zeros(capacity, dtype=torch.long)  # another row in the same style
        self.capacity, self.filled, self.added, self.error = capacity, 0, 0, None
        self._reserve()
        self._thread = threading.Thread(target=self._fill, args=(iter(groups),), daemon=True)
        self._thread.start()
        while self._thread.is_alive() and (wait or not self.filled):
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
                rows = [(self.added + i) % self.capacity for i in range(len(group.pop))]
                self._store(torch.tensor(rows), group)
                self.mate[rows] = torch.tensor(rows[1:] + rows[:1])
                self.added += len(rows)
                self.filled = min(self.added, self.capacity)
        except Exception as error:  # handed to whoever draws the next batch
            self.error = error

    def draw(
        self, step: int, rank: int, world: int, n_starts: int
    ) -> tuple[np.random.Generator, torch.Tensor, torch.Tensor, slice]:
        """Generator of the step, rows (b,) and starts in frames (n_starts, b) of this rank's part of the batch."""
        if self.error:
            raise self.error
        rng = np.random.default_rng([self.seed, step])
        own = slice(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        rows = torch.from_numpy(rng.integers(0, self.filled, self.batch_size)[own])
        starts = torch.from_numpy(rng.integers(0, ROW_FRAMES + 1 - self.window_frames, (n_starts, self.batch_size))[:, own])
        return rng, rows, starts, own


def windows(rows_of: torch.Tensor, rows: torch.Tensor, starts: torch.Tensor, length: int) -> torch.Tensor:
    """(N, L, ...) -> (b, length, ...): from each of `rows` the part that begins at its start."""
    device = rows_of.device
    return rows_of[rows.to(device)[:, None], (starts[:, None] + torch.arange(length)).to(device)]


class PairPool(Pool):
    """Features, log-mels and truth of pairs: the converter's `BatchSource`. The spectra are taken once, when a row comes in."""

    def _reserve(self) -> None:
        half = lambda n: torch.zeros(self.capacity, ROW_FRAMES + 1, n, dtype=torch.float16, device=self.device)  # noqa: E731
        self.features, self.carol_mel = half(self.cfg.n_features), half(self.cfg.n_mels)
        self.truth = torch.zeros(self.capacity, ROW_FRAMES + 1, N_PACKED, dtype=torch.int16, device=self.device)
        self.content: torch.Tensor | None = None  # reserved where groups have some
        self._hear, self._log_mel = Features(self.cfg).to(self.device), LogMel(self.cfg).to(self.device)

    def _store(self, rows: torch.Tensor, group: Group) -> None:
        pop, carol = (torch.from_numpy(wave).to(self.device).float() / 32768 for wave in (group.pop, group.carol))
        with torch.no_grad():
            self.features[rows], self.carol_mel[rows] = self._hear(pop).half(), self._log_mel(carol).half()
        self.truth[rows] = torch.from_numpy(group.truth).to(self.device)
        if group.content is not None:
            if self.content is None:
                self.content = torch.zeros(*self.truth.shape[:2], N_FIELDS, dtype=torch.float16, device=self.device)
            self.content[rows] = torch.from_numpy(group.content).to(self.device)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """features, carol_mel, truth of B windows, and reference_mel of half the length from each row's mate; content, if any."""
        _, rows, starts, _ = self.draw(step, rank, world, 2)
        told = {} if self.content is None else {"content": windows(self.content, rows, starts[0], self.window_frames)}
        return told | {
            "features": windows(self.features, rows, starts[0], self.window_frames),
            "carol_mel": windows(self.carol_mel, rows, starts[0], self.window_frames),
            "truth": windows(self.truth, rows, starts[0], self.window_frames),
            "reference_mel": windows(self.carol_mel, self.mate[rows], starts[1], max(2, self.window_frames // 2)),
        }


class WavePool(Pool):
    """Waves for the vocoder (a `BatchSource`): mostly carols, some pop for what carols lack."""

    pop_share = 0.25

    def _reserve(self) -> None:
        self.waves = torch.zeros(2, self.capacity, ROW_FRAMES * self.cfg.hop_length, dtype=torch.int16, device=self.device)

    def _store(self, rows: torch.Tensor, group: Group) -> None:
        for kind, waves in enumerate((group.carol, group.pop)):
            self.waves[kind, rows] = torch.from_numpy(waves).to(self.device)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """wave (B, T), T = (window_frames - 1) * hop, at levels from -12 to +6 dB."""
        rng, rows, starts, own = self.draw(step, rank, world, 1)
        is_pop = torch.from_numpy(rng.random(self.batch_size)[own] < self.pop_share)
        gain = torch.from_numpy(10 ** (rng.uniform(-12, 6, self.batch_size)[own] / 20)).float()
        hop = self.cfg.hop_length
        flat = self.waves.flatten(0, 1)
        wave = windows(flat, rows + is_pop * self.capacity, starts[0] * hop, (self.window_frames - 1) * hop)
        return {"wave": wave.float() / 32768 * gain.to(wave.device)[:, None]}
