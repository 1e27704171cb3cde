"""What is true of a song, frame by frame: what the auxiliary heads learn and what the player is
given in training.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from kcarol.model.content import N_PITCHES, TUNE_HIGHEST, TUNE_LOWEST, Content, phases

REST = -1
N_PACKED = 8
SHARE = 10_000  # of shares packed as whole numbers


@dataclass(frozen=True)
class Labels:
    """All arrays begin with F frames.

    tune: MIDI pitch as sung, REST between the notes.  onset: a tune note begins.  chord (F, 12):
    its pitch classes. bass: pitch class.  beat, downbeat: one frame each.  beat_position,
    bar_position: 0 to 1 within beat and bar. accent: a stroke of the groove.  energy: 0 to 1.
    tune_shift: semitones from the sung to the carol's register.
    """

    tune: np.ndarray
    onset: np.ndarray
    chord: np.ndarray
    bass: np.ndarray
    beat: np.ndarray
    downbeat: np.ndarray
    beat_position: np.ndarray
    bar_position: np.ndarray
    accent: np.ndarray
    energy: np.ndarray
    tune_shift: int = 0

    def window(self, start: int, n_frames: int) -> Labels:
        """Frames start to start + n_frames."""
        cut = {
            f.name: getattr(self, f.name)[start : start + n_frames]
            for f in fields(self)
            if f.name != "tune_shift"
        }
        return Labels(**cut, tune_shift=self.tune_shift)

    def packed(self) -> np.ndarray:
        """(F, N_PACKED) int16, for storage; `unpack` is the inverse."""
        bits = (self.chord * (1 << np.arange(12))).sum(1)
        flags = self.onset + 2 * self.beat + 4 * self.downbeat + 8 * self.accent
        shares = [
            np.round(a * SHARE).astype(int)
            for a in (self.beat_position, self.bar_position, self.energy)
        ]
        shift = np.full(len(bits), self.tune_shift)
        return np.stack([self.tune, self.bass, bits, flags, *shares, shift], axis=1).astype(
            np.int16
        )

    @classmethod
    def from_packed(cls, packed: np.ndarray) -> Labels:
        """(F, N_PACKED) int16 of `packed` -> the truth it was made of, shares rounded to 1 / SHARE."""
        tune, bass, bits, flags, *shares, shift = np.asarray(packed).astype(int).T
        onset, beat, downbeat, accent = ((flags >> bit & 1).astype(bool) for bit in range(4))
        beat_position, bar_position, energy = (
            (share / SHARE).astype(np.float32) for share in shares
        )
        chord = (bits[:, None] >> np.arange(12) & 1).astype(bool)
        return cls(
            tune.astype(np.int16),
            onset,
            chord,
            bass.astype(np.int8),
            beat,
            downbeat,
            beat_position,
            bar_position,
            accent,
            energy,
            int(shift[0]) if len(shift) else 0,
        )

    def content(self) -> Content:
        """As the player wants it: hard, the tune in the carol's register. Tensors (F, n)."""
        return unpack(torch.from_numpy(self.packed())).content


@dataclass(frozen=True)
class Targets:
    """Truth as tensors of any batch shape: what the heads learn (`tune`, `bass`: class numbers) and
    the content to play.
    """

    tune: Tensor  # (..., F) class, N_PITCHES for none
    bass: Tensor  # (..., F) class, 12 for none
    beat: Tensor  # (..., F, 1)
    downbeat: Tensor  # (..., F, 1)
    content: Content  # the tune in the carol's register
    tune_shift: Tensor  # (...,) semitones from the sung to the carol's register


def unpack(packed: Tensor) -> Targets:
    """(..., F, N_PACKED) int16 of `Labels.packed` -> Targets on the same device."""
    tune, bass, bits, flags, beat_share, bar_share, energy, shift = packed.long().unbind(-1)
    in_range = (tune >= TUNE_LOWEST) & (tune <= TUNE_HIGHEST)
    tune_class = torch.where(in_range, tune - TUNE_LOWEST, N_PITCHES)
    bass_class = torch.where(bass >= 0, bass, 12)
    carol_pitch = tune + shift - TUNE_LOWEST
    audible = (tune != REST) & (carol_pitch >= 0) & (carol_pitch < N_PITCHES)
    carol_class = torch.where(audible, carol_pitch, N_PITCHES)
    flag = lambda bit: ((flags >> bit) & 1).float()[..., None]  # noqa: E731
    content = Content(
        tune=one_hot(carol_class, N_PITCHES + 1)[..., :-1].float(),
        onset=flag(0),
        chord=((bits[..., None] >> torch.arange(12, device=bits.device)) & 1).float(),
        bass=one_hot(bass_class, 13)[..., :-1].float(),
        phase=phases(beat_share / SHARE, bar_share / SHARE),
        accent=flag(3),
        energy=(energy / SHARE).float()[..., None],
    )
    return Targets(tune_class, bass_class, flag(1), flag(2), content, shift[..., 0])
