"""Batches by number, and batches drawn from pairs held in memory."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from kcarol.audio.features import Features
from kcarol.config import AudioConfig
from kcarol.dataset.carols import CarolRows
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.note_bank import RING_FRAMES
from kcarol.model.notes import Notes
from kcarol.model.style_encoder import MIN_STYLE_FRAMES
from kcarol.training.distributed import Processes
from kcarol.transcription.tuning import estimate_tuning

FULL_SCALE = 32768  # of waves in int16
NO_NOTE = -1.0  # fills up the notes of a batch


class BatchSource(Protocol):
    """Batches by number: tensors, or dicts, lists and tuples of them, rows first.

    `batch(n, rank, world)` depends only on its arguments and the source's seed, never on the
    global generators. The `world` parts of a batch are equally long and together are `batch(n)`.
    Optional attributes: `seed`, and `batch_seconds`, the audio in a whole batch.
    """

    def batch(self, number: int, rank: int = 0, world: int = 1) -> object: ...


class NumberedBatches(Dataset):
    """A source's batches as a map-style dataset: this process's part of each."""

    def __init__(self, source: BatchSource, processes: Processes):
        self.source = source
        self.rank = processes.rank
        self.world = processes.count

    def __getitem__(self, number: int) -> object:
        return self.source.batch(number, self.rank, self.world)


def batches_by_number(
    source: BatchSource, numbers: range, processes: Processes, n_workers: int = 0
) -> DataLoader:
    """The batches of these numbers in order, prefetched by `n_workers` processes."""
    return DataLoader(
        NumberedBatches(source, processes),
        batch_size=None,
        sampler=numbers,
        num_workers=n_workers,
        pin_memory=n_workers > 0 and processes.device.type == "cuda",
        generator=torch.Generator(),  # it would draw a seed from the global one
        worker_init_fn=_leave_interrupts_to_the_parent,
    )


def _leave_interrupts_to_the_parent(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def part_of(batch_size: int, rank: int, world: int) -> slice:
    """The rows of a whole batch that are one process's."""
    return slice(rank * batch_size // world, (rank + 1) * batch_size // world)


def windows(rows: Tensor, index: Tensor, starts: Tensor, length: int) -> Tensor:
    """(N, L, ...) -> (B, length, ...): of each indexed row the window that begins at its start."""
    places = starts[:, None] + torch.arange(length)
    return rows[index[:, None].to(rows.device), places.to(rows.device)]


def features_of_rows(waves: np.ndarray, features: Features, cfg: AudioConfig) -> Tensor:
    """Waves (N, T) int16 -> (N, F, C) on the device of `features`; as in conversion, they follow
    the estimated tuning of each.
    """
    waves = waves / np.float32(FULL_SCALE)
    tuning = torch.from_numpy(np.stack([estimate_tuning(wave, cfg) for wave in waves]))
    device = next(features.buffers()).device
    return features(torch.from_numpy(waves).to(device), tuning)


class PairBatches:
    """Batches for hearing: a ring buffer of pairs on one device, which a thread fills from shards.

    Features are computed once, when a pair comes in.
    """

    def __init__(
        self,
        shards: Iterable[Shard],
        cfg: AudioConfig,
        capacity: int,
        batch_size: int,
        window_frames: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
        wait: bool = True,
    ):
        """`wait` for all shards, so that a batch depends only on its number, or for the first."""
        if not 2 <= window_frames <= ROW_FRAMES:
            raise ValueError(f"expected windows of 2 to {ROW_FRAMES} frames, found {window_frames}")
        self.cfg = cfg
        self.capacity = capacity
        self.batch_size = batch_size
        self.window_frames = window_frames
        self.seed = seed
        self.device = device
        self.added = 0
        self.error: Exception | None = None
        self.features = self._frames(cfg.n_features, torch.float16)
        self.labels = self._frames(N_PACKED, torch.int16)
        self._features = Features(cfg).to(device)
        self._fill_in_background(iter(shards), wait)

    def _frames(self, n: int, dtype: torch.dtype) -> Tensor:
        return torch.zeros(self.capacity, ROW_FRAMES + 1, n, dtype=dtype, device=self.device)

    @property
    def filled(self) -> int:
        """Rows that hold a pair."""
        return min(self.added, self.capacity)

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def _fill_in_background(self, shards: Iterator[Shard], wait: bool) -> None:
        thread = threading.Thread(target=self._fill, args=(shards,), daemon=True)
        thread.start()
        while thread.is_alive() and (wait or not self.filled):
            time.sleep(0.05)
        if self.error:
            raise self.error
        if not self.filled:
            raise ValueError(
                "expected at least one pair, found none; render some: "
                "kcarol corpus --hours 1 --out data/corpus"
            )

    def _fill(self, shards: Iterator[Shard]) -> None:
        try:
            for shard in shards:
                rows = (self.added + torch.arange(len(shard.pop))) % self.capacity
                self._store(rows, shard)
                self.added += len(rows)
        except Exception as error:  # raised when the next batch is drawn
            self.error = error

    @torch.no_grad()
    def _store(self, rows: Tensor, shard: Shard) -> None:
        self.features[rows] = features_of_rows(shard.pop, self._features, self.cfg).half()
        self.labels[rows] = torch.from_numpy(shard.labels).to(self.device)

    def batch(self, number: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """features and labels (B, F, n) of one window each. Raises the thread's error."""
        if self.error:
            raise self.error
        rng = np.random.default_rng([self.seed, number])
        index = rng.integers(0, self.filled, self.batch_size)
        starts = rng.integers(0, ROW_FRAMES + 1 - self.window_frames, self.batch_size)
        mine = part_of(self.batch_size, rank, world)
        places = torch.from_numpy(index[mine]), torch.from_numpy(starts[mine])
        return {
            "features": windows(self.features, *places, self.window_frames),
            "labels": windows(self.labels, *places, self.window_frames),
        }


class CarolBatches:
    """The player's batches: windows of carols, all held in memory, by notes and log-mel."""

    def __init__(
        self,
        carols: Iterable[CarolRows],
        cfg: AudioConfig,
        batch_size: int,
        window_frames: int,
        seed: int = 0,
        weights: Sequence[float] | None = None,
    ):
        """`weights`: of each of `carols`, how often a row of it is drawn; None: all alike.
        ValueError without carols.
        """
        self.carols = list(carols)
        if not self.carols:
            raise ValueError(
                "expected at least one carol, found none; render some: "
                "kcarol corpus --carols --hours 1 --out data/carols"
            )
        self.cfg = cfg
        self.batch_size = batch_size
        self.window_frames = min(window_frames, *(c.log_mel.shape[1] for c in self.carols))
        self.seed = seed
        chances = np.array([len(carol.notes) for carol in self.carols], float)
        chances *= 1.0 if weights is None else weights
        self.chances = chances / chances.sum()

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def batch(self, number: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """log_mel (B, F, 2, n_bands) of one window each; its notes (B, N, 5), filled up with rows
        of NO_NOTE; reference (B, F / 2, 2, n_bands) of another row by the same instruments; and
        known (B, 2, n_bands), see `CarolRows`.
        """
        rng = np.random.default_rng([self.seed, number])
        drawn = [self._draw(rng) for _ in range(self.batch_size)]
        mine = drawn[part_of(self.batch_size, rank, world)]
        notes, log_mels, references, known = zip(
            *(self._windows(*one) for one in mine), strict=True
        )
        return {
            "notes": pad_sequence(list(notes), batch_first=True, padding_value=NO_NOTE),
            "log_mel": torch.stack(log_mels),
            "reference": torch.stack(references),
            "known": torch.stack(known),
        }

    def _draw(self, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """A carol, one of its rows, and shares (of 2^30) of where both windows begin."""
        carol = int(rng.choice(len(self.carols), p=self.chances))
        row, first, second = rng.integers(0, (len(self.carols[carol].notes), 1 << 30, 1 << 30))
        return carol, int(row), int(first), int(second)

    def _windows(self, number: int, row: int, first: int, second: int) -> tuple[Tensor, ...]:
        """Notes, log-mel, reference and known bands."""
        carol = self.carols[number]
        n_frames = carol.log_mel.shape[1]
        length = self.window_frames
        half = max(MIN_STYLE_FRAMES, length // 2)
        start = first * (n_frames + 1 - length) >> 30
        other = (row + 1) % len(carol.notes)
        begin = second * (n_frames + 1 - half) >> 30
        return (
            carol.notes[row].window(start, start + length, RING_FRAMES).tensor(),
            carol.log_mel[row, start : start + length],
            carol.log_mel[other, begin : begin + half],
            carol.known_bands,
        )


def notes_of_batch(padded: Tensor) -> list[Notes]:
    """The notes of each window of a batch, (B, N, 5)."""
    return [Notes.of_tensor(rows[rows[:, 0] != NO_NOTE]) for rows in padded]


class WaveBatches:
    """The vocoder's batches: windows of carols' middles and sides, each a wave of its own."""

    gain_db = (-12.0, 6.0)

    def __init__(
        self,
        carols: Iterable[CarolRows],
        cfg: AudioConfig,
        batch_size: int,
        window_frames: int,
        seed: int = 0,
    ):
        """`carols`: with waves, as they are rendered and stored."""
        self.waves = torch.cat([rows.channels for rows in carols])  # (N, T) int16
        self.n_frames = self.waves.shape[1] // cfg.hop_length
        self.cfg = cfg
        self.batch_size = batch_size
        self.window_frames = min(window_frames, self.n_frames)
        self.seed = seed

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def batch(self, number: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """wave (B, T), T = (window_frames - 1) * hop, at levels from -12 to +6 dB."""
        rng = np.random.default_rng([self.seed, number])
        index = rng.integers(0, len(self.waves), self.batch_size)
        starts = rng.integers(0, self.n_frames + 1 - self.window_frames, self.batch_size)
        gains = 10 ** (rng.uniform(*self.gain_db, self.batch_size) / 20)
        mine = part_of(self.batch_size, rank, world)
        first = torch.from_numpy(starts[mine]) * self.cfg.hop_length
        length = (self.window_frames - 1) * self.cfg.hop_length
        wave = windows(self.waves, torch.from_numpy(index[mine]), first, length) / FULL_SCALE
        return {"wave": wave * torch.from_numpy(gains[mine]).float()[:, None]}
