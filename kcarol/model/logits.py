"""The outputs of the hearing half of `MusicTransformer`: logits per frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.audio.features import shift_pitches
from kcarol.model.content import N_PITCHES, Content

HEADS = {  # output head -> logits per frame
    "tune": N_PITCHES + 1,  # one of the pitches, or no tune (last)
    "onset": 1,
    "chord": 12,
    "bass": 13,  # one of the pitch classes, or no bass (last)
    "beat": 1,
    "downbeat": 1,
    "accent": 1,
    "energy": 1,
}
N_LOGITS = sum(HEADS.values())
EXCLUSIVE = ("tune", "bass")  # softmax over classes; the other heads are independent sigmoids
IMPOSSIBLE = -20.0  # log probability


@dataclass(frozen=True)
class Logits:
    """Logits of each head of HEADS, (B, F, n) or (F, n)."""

    tune: Tensor
    onset: Tensor
    chord: Tensor
    bass: Tensor
    beat: Tensor
    downbeat: Tensor
    accent: Tensor
    energy: Tensor

    def __len__(self) -> int:
        """Frames F of (F, n) logits."""
        return len(self.tune)

    def map(self, function: Callable[[Tensor], Tensor]) -> Logits:
        return Logits(*(function(getattr(self, name)) for name in HEADS))

    def concatenated(self) -> Tensor:
        """(..., F, N_LOGITS); `split` is the inverse."""
        return torch.cat([getattr(self, name) for name in HEADS], dim=-1)

    @classmethod
    def split(cls, concatenated: Tensor) -> Logits:
        return cls(*concatenated.split(list(HEADS.values()), dim=-1))

    def content(self, phase: Tensor, sharpness: float = 1.0) -> Content:
        """Posterior probabilities as content, with the `phase` (B, F, 4) of beats and bars.

        `sharpness` multiplies the logits.
        """

        def sigmoid(logits: Tensor) -> Tensor:
            return torch.sigmoid(logits.float() * sharpness)

        def softmax(logits: Tensor) -> Tensor:
            return torch.softmax(logits.float() * sharpness, dim=-1)[..., :-1]

        return Content(
            tune=softmax(self.tune),
            onset=sigmoid(self.onset),
            chord=sigmoid(self.chord),
            bass=softmax(self.bass),
            phase=phase,
            accent=sigmoid(self.accent),
            energy=sigmoid(self.energy),
        )

    def transposed(self, semitones: int) -> Logits:
        """Logits of the same music moved by `semitones`; tune pitches moved in are IMPOSSIBLE."""
        pitches, rest = F.log_softmax(self.tune, dim=-1).split((N_PITCHES, 1), dim=-1)
        moved = shift_pitches(pitches - IMPOSSIBLE, semitones) + IMPOSSIBLE
        bass, no_bass = self.bass.split((12, 1), dim=-1)
        return replace(
            self,
            tune=torch.cat([moved, rest], dim=-1),
            chord=self.chord.roll(semitones, dims=-1),
            bass=torch.cat([bass.roll(semitones, dims=-1), no_bass], dim=-1),
        )

    @classmethod
    def mean(cls, several: Sequence[Logits]) -> Logits:
        """Mean logits: the geometric mean of the posteriors, up to normalisation."""

        def mean(name: str) -> Tensor:
            stacked = torch.stack([getattr(logits, name) for logits in several])
            return (F.log_softmax(stacked, dim=-1) if name in EXCLUSIVE else stacked).mean(0)

        return cls(**{name: mean(name) for name in HEADS})
