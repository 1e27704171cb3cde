"""Batches for `SyllableHearing`: windows of sung songs, all held in memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.features import Features
from kcarol.config import AudioConfig
from kcarol.dataset.sung import SungRows
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import features_of_rows, part_of, windows


class SungBatches:
    """Features, the tune as a hearing half hears it, and what is sung.

    Features and tune are computed once. Songs with words are few: a frozen hearing half knows
    tunes from far more of them, and a voice is found by its pitch.
    """

    def __init__(
        self,
        songs: Iterable[SungRows],
        hearing: MusicTransformer,
        cfg: AudioConfig,
        batch_size: int,
        window_frames: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ):
        """ValueError without songs."""
        self.cfg = cfg
        self.batch_size = batch_size
        self.seed = seed
        compute, hearing = Features(cfg).to(device), hearing.to(device).eval()
        rows = [_tensors(some, compute, hearing, cfg) for some in songs]
        if not rows:
            raise ValueError(
                "expected at least one sung song, found none; render some: "
                "kcarol corpus --sung --hours 1 --out data/sung"
            )
        self.rows = {name: torch.cat([some[name] for some in rows]) for name in rows[0]}
        self.n_rows, self.n_frames = self.rows["vowel"].shape
        self.window_frames = min(window_frames, self.n_frames)

    @property
    def batch_seconds(self) -> float:
        return self.batch_size * self.window_frames / self.cfg.frame_rate

    def batch(self, number: int, rank: int = 0, world: int = 1) -> dict[str, Tensor]:
        """features (B, F, C) and tune (B, F, N_PITCHES + 1) float16, vowel (B, F) int8 and begins
        (B, F) bool of one window each.
        """
        rng = np.random.default_rng([self.seed, number])
        index = rng.integers(0, self.n_rows, self.batch_size)
        starts = rng.integers(0, self.n_frames + 1 - self.window_frames, self.batch_size)
        mine = part_of(self.batch_size, rank, world)
        places = torch.from_numpy(index[mine]), torch.from_numpy(starts[mine])
        return {n: windows(rows, *places, self.window_frames) for n, rows in self.rows.items()}


@torch.inference_mode()
def _tensors(
    songs: SungRows, compute: Features, hearing: MusicTransformer, cfg: AudioConfig
) -> dict[str, Tensor]:
    features = features_of_rows(songs.pop, compute, cfg)
    tune = hearing.hear(features).tune.softmax(-1)
    vowel, begins = (torch.from_numpy(x).to(tune.device) for x in (songs.vowel, songs.begins))
    return {"features": features.half(), "tune": tune.half(), "vowel": vowel, "begins": begins}
