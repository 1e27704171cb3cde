"""Content: what a carol keeps of its song (tune, chords, bass, beat, groove, energy), per frame.

What hearing learns, and what the score of the carol is written from. Timbre is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from kcarol.config import TUNE_HIGHEST, TUNE_LOWEST

N_PITCHES = TUNE_HIGHEST - TUNE_LOWEST + 1


@dataclass(frozen=True)
class Content:
    """Shares from 0 to 1, hard (labels, decisions) or soft (probabilities); (..., F, n) float32."""

    tune: Tensor  # n = N_PITCHES pitches from TUNE_LOWEST; all 0 where the tune rests
    onset: Tensor  # n = 1: a note of the tune begins
    chord: Tensor  # n = 12 pitch classes
    bass: Tensor  # n = 12 pitch classes
    phase: Tensor  # n = 4: sines, then cosines, of the position in the beat and in the bar
    accent: Tensor  # n = 1: the groove strikes
    energy: Tensor  # n = 1: how full the arrangement is

    def map(self, function: Callable[[Tensor], Tensor]) -> Content:
        return Content(*(function(getattr(self, f.name)) for f in fields(self)))


def phases(beat_position: Tensor, bar_position: Tensor) -> Tensor:
    """Sines and cosines of positions in beat and bar, 0 to 1: (..., F) each -> (..., F, 4)."""
    turns = 2 * torch.pi * torch.stack([beat_position, bar_position], dim=-1)
    return torch.cat([turns.sin(), turns.cos()], dim=-1).float()
