"""Content: what a carol keeps of its song (tune, chords, bass, beat, groove, energy), per frame.

The bottleneck between hearing and playing. Timbre does not pass it, so the player never meets a
sound outside its training data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from kcarol.audio.features import shift_pitches
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

    def tensor(self) -> Tensor:
        """(..., F, N_CONTENT): what the player reads, the fields and their `ringing` memories."""
        note_onsets = self.tune * self.onset
        strokes = torch.cat([self.accent, beginnings(self.phase)], dim=-1)
        memories = [
            ringing(note_onsets),
            ringing(rises(self.chord)),
            ringing(rises(self.bass)),
            ringing(strokes),
        ]
        return torch.cat([self.fields(), *memories], dim=-1)

    def fields(self) -> Tensor:
        """(..., F, N_FIELDS): the fields concatenated; `of_fields` is the inverse."""
        return torch.cat([getattr(self, f.name) for f in fields(self)], dim=-1)

    @classmethod
    def of_fields(cls, concatenated: Tensor) -> Content:
        return cls(*concatenated.split(FIELD_SIZES, dim=-1))

    def map(self, function: Callable[[Tensor], Tensor]) -> Content:
        return Content(*(function(getattr(self, f.name)) for f in fields(self)))

    def transposed(self, semitones: int) -> Content:
        """Tune, chord and bass moved; tune pitches that leave the range are dropped."""
        return replace(
            self,
            tune=shift_pitches(self.tune, semitones),
            chord=self.chord.roll(semitones, dims=-1),
            bass=self.bass.roll(semitones, dims=-1),
        )

    def tune_moved(self, semitones: int | Tensor) -> Content:
        """The tune alone moved, into the carol's register: by one number, or one a row (B,)."""
        return replace(self, tune=shift_pitches(self.tune, semitones))


DECAYS_FRAMES = (12.0, 60.0)  # 0.2 s and 1 s: bells and strings
MEMORY_FRAMES = 192  # 3 s
FIELD_SIZES = (N_PITCHES, 1, 12, 12, 4, 1, 1)
N_FIELDS = sum(FIELD_SIZES)
N_CONTENT = N_FIELDS + len(DECAYS_FRAMES) * (N_PITCHES + 24 + 3)


def rises(roll: Tensor) -> Tensor:
    """Half-wave rectified difference along the frames of (..., F, n): where something begins."""
    return torch.relu(torch.diff(roll, dim=-2, prepend=torch.zeros_like(roll[..., :1, :])))


def ringing(struck: Tensor) -> Tensor:
    """(..., F, n) -> (..., F, len(DECAYS_FRAMES) * n): each stroke decays exponentially."""
    lead = struck.shape[:-2]
    x = struck.reshape(-1, *struck.shape[-2:]).transpose(1, 2)  # (B, n, F)
    n_frames = x.shape[-1]
    size = 1 << (n_frames + MEMORY_FRAMES).bit_length()
    age = torch.arange(MEMORY_FRAMES, device=x.device, dtype=torch.float32)
    spectrum = torch.fft.rfft(x.float(), n=size)
    rings = []
    for decay in DECAYS_FRAMES:
        response = torch.fft.rfft(torch.exp(-age / decay), n=size)
        rings.append(torch.fft.irfft(spectrum * response, n=size)[..., :n_frames])
    return torch.cat(rings, dim=1).transpose(1, 2).reshape(*lead, n_frames, -1).clamp(0, 2)


def phases(beat_position: Tensor, bar_position: Tensor) -> Tensor:
    """Sines and cosines of positions in beat and bar, 0 to 1: (..., F) each -> (..., F, 4)."""
    turns = 2 * torch.pi * torch.stack([beat_position, bar_position], dim=-1)
    return torch.cat([turns.sin(), turns.cos()], dim=-1).float()


def beginnings(phase: Tensor) -> Tensor:
    """Phases (..., F, 4) -> (..., F, 2): 1 in the frames where a beat and where a bar begins."""
    sine, cosine = phase.split(2, dim=-1)
    before = torch.cat([sine[..., :1, :], sine[..., :-1, :]], dim=-2)
    return ((before < 0) & (sine >= 0) & (cosine > 0)).float()
