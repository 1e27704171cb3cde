"""Content: what of a song its carol keeps (tune, chords, bass, beat, groove, energy), per frame.

The narrow place between hearing and playing. Timbre cannot pass it, so the player never meets a
sound it was not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from kcarol.audio.features import shift_pitches

TUNE_LOWEST, TUNE_HIGHEST = 36, 95  # MIDI: C2 to B6, the range of `Content.tune`
# MIDI, D5: a tune is moved by whole octaves until its median lies within a tritone of this
TUNE_CENTRE = 74


@dataclass(frozen=True)
class Content:
    """Shares between 0 and 1, hard (truth, decisions) or soft (weighed, posteriors). All tensors
    are (..., F, n) float32.

    tune: P pitches from TUNE_LOWEST, nothing where the tune rests.   onset: of tune notes, (..., F,
    1). chord: 12 pitch classes.   bass: 12 pitch classes.   phase: sine and cosine of the place in
    the beat and in the bar, 4. accent: strokes of the groove, 1.   energy: how full the arrangement
    is, 1.
    """

    tune: Tensor
    onset: Tensor
    chord: Tensor
    bass: Tensor
    phase: Tensor
    accent: Tensor
    energy: Tensor

    def tensor(self) -> Tensor:
        """(..., F, n_content): everything side by side, with `ringing` of tune, chord, bass, and
        the groove's strokes.
        """
        struck = self.tune * self.onset
        strokes = torch.cat([self.accent, beginnings(self.phase)], dim=-1)
        rings = [
            ringing(struck),
            ringing(rises(self.chord)),
            ringing(rises(self.bass)),
            ringing(strokes),
        ]
        return torch.cat([self.fields(), *rings], dim=-1)

    def fields(self) -> Tensor:
        """(..., F, N_FIELDS): the fields alone, side by side; `of_fields` is the inverse."""
        return torch.cat([getattr(self, f.name) for f in fields(self)], dim=-1)

    @classmethod
    def of_fields(cls, side_by_side: Tensor) -> Content:
        return cls(*side_by_side.split(FIELD_SIZES, dim=-1))

    def map(self, function) -> Content:
        return Content(*(function(getattr(self, f.name)) for f in fields(self)))

    def transposed(self, semitones: int) -> Content:
        """Tune, chord and bass moved; what of the tune leaves the range is dropped."""
        turn = lambda classes: torch.roll(classes, semitones, dims=-1)  # noqa: E731
        return replace(
            self,
            tune=shift_pitches(self.tune, semitones),
            chord=turn(self.chord),
            bass=turn(self.bass),
        )

    def tune_moved(self, semitones: int | Tensor) -> Content:
        """The tune alone moved, by octaves, into the carol's register; a number or one for each
        row.
        """
        return replace(self, tune=shift_pitches(self.tune, semitones))


N_PITCHES = TUNE_HIGHEST - TUNE_LOWEST + 1
DECAYS_FRAMES = (12.0, 60.0)  # 0.2 s and 1 s at 62.5 frames a second: bells and strings
MEMORY_FRAMES = 192  # three seconds
FIELD_SIZES = (N_PITCHES, 1, 12, 12, 4, 1, 1)
N_FIELDS = sum(FIELD_SIZES)
N_CONTENT = N_FIELDS + len(DECAYS_FRAMES) * (N_PITCHES + 24 + 3)


def rises(roll: Tensor) -> Tensor:
    """Half-wave rectified difference along the frames: where something begins."""
    return torch.relu(torch.diff(roll, dim=-2, prepend=torch.zeros_like(roll[..., :1, :])))


def ringing(struck: Tensor) -> Tensor:
    """Each stroke rings on and fades: (..., F, n) -> (..., F, len(DECAYS_FRAMES) * n), exponential
    memories of the past.
    """
    lead = struck.shape[:-2]
    x = struck.reshape(-1, *struck.shape[-2:]).transpose(1, 2)  # (B, n, F)
    n_frames = x.shape[-1]
    size = 1 << (n_frames + MEMORY_FRAMES).bit_length()
    age = torch.arange(MEMORY_FRAMES, device=x.device, dtype=torch.float32)
    spectrum = torch.fft.rfft(x.float(), n=size)
    rings = [
        torch.fft.irfft(spectrum * torch.fft.rfft(torch.exp(-age / decay), n=size), n=size)[
            ..., :n_frames
        ]
        for decay in DECAYS_FRAMES
    ]
    return torch.cat(rings, dim=1).transpose(1, 2).reshape(*lead, n_frames, -1).clamp(0, 2)


def phases(beat_position: Tensor, bar_position: Tensor) -> Tensor:
    """Sine and cosine of positions in beat and bar, each 0 to 1: (..., F) twice -> (..., F, 4)."""
    turns = 2 * torch.pi * torch.stack([beat_position, bar_position], dim=-1)
    return torch.cat([turns.sin(), turns.cos()], dim=-1).float()


def beginnings(phase: Tensor) -> Tensor:
    """Phases (..., F, 4) as `phases` gives them -> (..., F, 2): 1 where a beat begins, where a bar
    does.
    """
    sine, cosine = phase.split(2, dim=-1)
    before = torch.cat([sine[..., :1, :], sine[..., :-1, :]], dim=-2)
    return ((before < 0) & (sine >= 0) & (cosine > 0)).float()
