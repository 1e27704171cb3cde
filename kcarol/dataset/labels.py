"""Labels of a song per frame: the targets of the hearing heads and the content to play.

Packed, they are (F, N_PACKED) int16 with these columns:

    tune           MIDI pitch as sung, NO_NOTE between the notes
    bass           pitch class, NO_NOTE where there is no chord
    chord          12 bits: bit i is set if pitch class i belongs to the chord
    flags          4 bits: a tune note begins, beat, downbeat, accent of the groove
    beat_position  0 to 1 within the beat, in units of 1 / SCALE
    bar_position   0 to 1 within the bar, in units of 1 / SCALE
    energy         0 to 1, how full the arrangement is, in units of 1 / SCALE
    tune_shift     semitones from the sung to the carol's register, the same in every frame
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor
from torch.nn.functional import one_hot

from kcarol.audio.files import atomic_write
from kcarol.config import TUNE_HIGHEST, TUNE_LOWEST
from kcarol.model.content import N_PITCHES, Content, phases

SONG_LABELS_FILE = "labels.safetensors"  # labels of whole songs, beside their carols
NO_NOTE = -1
SCALE = 10_000
PITCH_CLASSES = np.arange(12)
# the columns, each with the smallest type that holds it in a labels file
COLUMN_TYPES = {
    "tune": np.int8,
    "bass": np.int8,
    "chord": np.int16,
    "flags": np.uint8,
    "beat_position": np.int16,
    "bar_position": np.int16,
    "energy": np.int16,
    "tune_shift": np.int8,
}
N_PACKED = len(COLUMN_TYPES)


@dataclass(frozen=True)
class Labels:
    """Labels of one song, unpacked; the module's docstring says what the fields mean."""

    tune: np.ndarray  # (F,) int16
    onset: np.ndarray  # (F,) bool
    chord: np.ndarray  # (F, 12) bool
    bass: np.ndarray  # (F,) int8
    beat: np.ndarray  # (F,) bool, true in one frame a beat
    downbeat: np.ndarray  # (F,) bool
    beat_position: np.ndarray  # (F,) float32
    bar_position: np.ndarray  # (F,) float32
    accent: np.ndarray  # (F,) bool
    energy: np.ndarray  # (F,) float32
    tune_shift: int = 0

    def window(self, start: int, n_frames: int) -> Labels:
        """The frames from `start` to `start + n_frames`."""
        arrays = [getattr(self, f.name) for f in fields(self) if f.name != "tune_shift"]
        return Labels(*(a[start : start + n_frames] for a in arrays), self.tune_shift)

    def packed(self) -> np.ndarray:
        """(F, N_PACKED) int16; `from_packed` is the inverse."""
        chord = (self.chord << PITCH_CLASSES).sum(1)
        flags = self.onset + 2 * self.beat + 4 * self.downbeat + 8 * self.accent
        shares = np.stack([self.beat_position, self.bar_position, self.energy])
        shift = np.full(len(chord), self.tune_shift)
        columns = [self.tune, self.bass, chord, flags, *np.round(shares * SCALE), shift]
        return np.stack(columns, axis=1).astype(np.int16)

    @classmethod
    def from_packed(cls, packed: np.ndarray) -> Labels:
        """Inverse of `packed`, with shares rounded to 1 / SCALE."""
        tune, bass, chord, flags, *shares, shift = np.asarray(packed, np.int16).T
        onset, beat, downbeat, accent = (flags >> np.arange(4)[:, None] & 1).astype(bool)
        beat_position, bar_position, energy = np.stack(shares).astype(np.float32) / SCALE
        return cls(
            tune=tune,
            onset=onset,
            chord=(chord[:, None] >> PITCH_CLASSES & 1).astype(bool),
            bass=bass.astype(np.int8),
            beat=beat,
            downbeat=downbeat,
            beat_position=beat_position,
            bar_position=bar_position,
            accent=accent,
            energy=energy,
            tune_shift=int(shift[0]) if len(shift) else 0,
        )

    def content(self) -> Content:
        """The content to play, hard, with the tune in the carol's register. Tensors (F, n)."""
        return unpack(torch.from_numpy(self.packed())).content


@dataclass(frozen=True)
class Targets:
    """Labels as tensors of any batch shape: the classes that the heads learn, and the content."""

    tune: Tensor  # (..., F) class, N_PITCHES for none
    bass: Tensor  # (..., F) class, 12 for none
    beat: Tensor  # (..., F, 1)
    downbeat: Tensor  # (..., F, 1)
    content: Content  # with the tune in the carol's register
    tune_shift: Tensor  # (...,) semitones


def unpack(packed: Tensor) -> Targets:
    """Packed labels (..., F, N_PACKED) int16 -> Targets on the same device."""
    tune, bass, chord, flags, beat_position, bar_position, energy, shift = packed.long().unbind(-1)
    has_tune = (tune >= TUNE_LOWEST) & (tune <= TUNE_HIGHEST)
    carol_pitch = tune + shift - TUNE_LOWEST
    audible = (tune != NO_NOTE) & (carol_pitch >= 0) & (carol_pitch < N_PITCHES)
    bass_class = torch.where(bass >= 0, bass, 12)
    onset, beat, downbeat, accent = _bits(flags, 4).float().split(1, dim=-1)
    content = Content(
        tune=_one_hot_or_none(torch.where(audible, carol_pitch, N_PITCHES), N_PITCHES),
        onset=onset,
        chord=_bits(chord, 12).float(),
        bass=_one_hot_or_none(bass_class, 12),
        phase=phases(beat_position / SCALE, bar_position / SCALE),
        accent=accent,
        energy=(energy / SCALE).float()[..., None],
    )
    tune_class = torch.where(has_tune, tune - TUNE_LOWEST, N_PITCHES)
    return Targets(tune_class, bass_class, beat, downbeat, content, shift[..., 0])


def _bits(values: Tensor, n: int) -> Tensor:
    """(...,) -> (..., n), the lowest bit first."""
    return values[..., None] >> torch.arange(n, device=values.device) & 1


def _one_hot_or_none(classes: Tensor, n: int) -> Tensor:
    """(...,) classes -> (..., n) float; class `n` means none and gives zeros."""
    return one_hot(classes, n + 1)[..., :-1].float()


def save_labels(path: Path, packed: Mapping[str, np.ndarray]) -> None:
    """Packed labels (F, N_PACKED) of several songs by name -> one safetensors file."""
    tensors = {
        f"{name}.{column}": np.ascontiguousarray(values.astype(dtype))
        for name, rows in packed.items()
        for (column, dtype), values in zip(COLUMN_TYPES.items(), rows.T, strict=True)
    }
    with atomic_write(path) as temporary:
        save_file(tensors, temporary)


def load_labels(path: Path) -> dict[str, np.ndarray]:
    """The packed labels (F, N_PACKED) int16 that `save_labels` stored, by name.

    Raises OSError, SafetensorError, or KeyError for a missing column.
    """
    tensors = load_file(path)
    names = dict.fromkeys(key.rpartition(".")[0] for key in tensors)
    return {
        name: np.stack([tensors[f"{name}.{c}"].astype(np.int16) for c in COLUMN_TYPES], axis=1)
        for name in names
    }
