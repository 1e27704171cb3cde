"""Batches of stored or freshly rendered pairs, from rows held in memory on one device."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from kcarol.audio.features import Features
from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.content import N_FIELDS


class Pool:
    """Rows in memory, on one device, filled from an iterator of groups by a thread. When full, the
    oldest make room.
    """

    def __init__(
        self,
        groups: Iterable[Shard],
        cfg: AudioConfig,
        capacity: int,
        batch_size: int,
        window_frames: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
        wait: bool = True,
    ):
        """`wait`: for all groups, which makes a batch a function of seed and step alone; else for
        the first only.
        """
        if not 2 <= window_frames <= ROW_FRAMES:
            raise ValueError(f"expected windows of 2 to {ROW_FRAMES} frames, found {window_frames}")
        self.cfg, self.batch_size, self.window_frames, self.seed, self.device = (
            cfg,
            batch_size,
            window_frames,
            seed,
            device,
        )
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
            raise ValueError(
                "expected at least one pair, found none; render some: kcarol corpus --hours 1 --out data/corpus"
            )

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def _fill(self, groups: Iterator[Shard]) -> None:
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
        """Generator of the step, rows (b,) and starts in frames (n_starts, b) of this rank's part
        of the batch.
        """
        if self.error:
            raise self.error
        rng = np.random.default_rng([self.seed, step])
        own = slice(rank * self.batch_size // world, (rank + 1) * self.batch_size // world)
        rows = torch.from_numpy(rng.integers(0, self.filled, self.batch_size)[own])
        starts = torch.from_numpy(
            rng.integers(0, ROW_FRAMES + 1 - self.window_frames, (n_starts, self.batch_size))[
                :, own
            ]
        )
        return rng, rows, starts, own


def windows(
    rows_of: torch.Tensor, rows: torch.Tensor, starts: torch.Tensor, length: int
) -> torch.Tensor:
    """(N, L, ...) -> (b, length, ...): from each of `rows` the part that begins at its start."""
    device = rows_of.device
    return rows_of[rows.to(device)[:, None], (starts[:, None] + torch.arange(length)).to(device)]


class PairBatches(Pool):
    """Features, log-mels and truth of pairs: the converter's `BatchSource`. The spectra are taken
    once, when a row comes in.
    """

    def _reserve(self) -> None:
        def half(n):
            return torch.zeros(
                self.capacity, ROW_FRAMES + 1, n, dtype=torch.float16, device=self.device
            )

        self.features, self.carol_mel = half(self.cfg.n_features), half(self.cfg.n_mels)
        self.labels = torch.zeros(
            self.capacity, ROW_FRAMES + 1, N_PACKED, dtype=torch.int16, device=self.device
        )
        self.content: torch.Tensor | None = None  # reserved where groups have some
        self._hear, self._log_mel = (
            Features(self.cfg).to(self.device),
            LogMel(self.cfg).to(self.device),
        )

    def _store(self, rows: torch.Tensor, group: Shard) -> None:
        pop, carol = (
            torch.from_numpy(wave).to(self.device).float() / 32768
            for wave in (group.pop, group.carol)
        )
        with torch.no_grad():
            self.features[rows], self.carol_mel[rows] = (
                self._hear(pop).half(),
                self._log_mel(carol).half(),
            )
        self.labels[rows] = torch.from_numpy(group.labels).to(self.device)
        if group.content is not None:
            if self.content is None:
                self.content = torch.zeros(
                    *self.labels.shape[:2], N_FIELDS, dtype=torch.float16, device=self.device
                )
            self.content[rows] = torch.from_numpy(group.content).to(self.device)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """features, carol_mel, truth of B windows, and reference_mel of half the length from each
        row's mate; content, if any.
        """
        _, rows, starts, _ = self.draw(step, rank, world, 2)
        told = (
            {}
            if self.content is None
            else {"content": windows(self.content, rows, starts[0], self.window_frames)}
        )
        return told | {
            "features": windows(self.features, rows, starts[0], self.window_frames),
            "carol_mel": windows(self.carol_mel, rows, starts[0], self.window_frames),
            "labels": windows(self.labels, rows, starts[0], self.window_frames),
            "reference_mel": windows(
                self.carol_mel, self.mate[rows], starts[1], max(2, self.window_frames // 2)
            ),
        }


class WaveBatches(Pool):
    """Waves for the vocoder (a `BatchSource`): mostly carols, some pop for what carols lack."""

    pop_share = 0.25

    def _reserve(self) -> None:
        self.waves = torch.zeros(
            2,
            self.capacity,
            ROW_FRAMES * self.cfg.hop_length,
            dtype=torch.int16,
            device=self.device,
        )

    def _store(self, rows: torch.Tensor, group: Shard) -> None:
        for kind, waves in enumerate((group.carol, group.pop)):
            self.waves[kind, rows] = torch.from_numpy(waves).to(self.device)

    def batch(self, step: int, rank: int = 0, world: int = 1) -> dict[str, torch.Tensor]:
        """wave (B, T), T = (window_frames - 1) * hop, at levels from -12 to +6 dB."""
        rng, rows, starts, own = self.draw(step, rank, world, 1)
        is_pop = torch.from_numpy(rng.random(self.batch_size)[own] < self.pop_share)
        gain = torch.from_numpy(10 ** (rng.uniform(-12, 6, self.batch_size)[own] / 20)).float()
        hop = self.cfg.hop_length
        flat = self.waves.flatten(0, 1)
        wave = windows(
            flat, rows + is_pop * self.capacity, starts[0] * hop, (self.window_frames - 1) * hop
        )
        return {"wave": wave.float() / 32768 * gain.to(wave.device)[:, None]}
