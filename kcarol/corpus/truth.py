"""What is true of a song, frame by frame: what the auxiliary heads learn and what the player is given in training."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from kcarol.config import AudioConfig
from kcarol.content import N_PITCHES, TUNE_HIGHEST, TUNE_LOWEST, Content, phases
from kcarol.corpus.carol import energy_at, tune_shift
from kcarol.corpus.sheet import LeadSheet, TimeGrid

REST = -1
N_PACKED = 8
SHARE = 10_000  # of shares packed as whole numbers


@dataclass(frozen=True)
class Truth:
    """All arrays begin with F frames.

    tune: MIDI pitch as sung, REST between the notes.  onset: a tune note begins.  chord (F, 12): its pitch classes.
    bass: pitch class.  beat, downbeat: one frame each.  beat_position, bar_position: 0 to 1 within beat and bar.
    accent: a stroke of the groove.  energy: 0 to 1.  tune_shift: semitones from the sung to the carol's register.
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

    @classmethod
    def of(cls, sheet: LeadSheet, grid: TimeGrid, cfg: AudioConfig, n_frames: int) -> Truth:
        frame = lambda beat: np.round(grid.time_s(beat) * cfg.frame_rate).astype(int)  # noqa: E731
        bar = sheet.beats_per_bar
        tune, onset = np.full(n_frames, REST, np.int16), np.zeros(n_frames, bool)
        for note in sheet.notes:
            first, last = int(frame(note.start)), int(frame(note.start + note.length))
            tune[first:last] = note.pitch
            onset[first : first + 1] = True
        chord, bass, energy = np.zeros((n_frames, 12), bool), np.full(n_frames, REST, np.int8), np.zeros(n_frames, np.float32)
        for c in sheet.chords:
            span = slice(int(frame(c.start)), int(frame(c.start + c.length)))
            chord[span, list(c.pitch_classes)] = not c.silent
            bass[span] = REST if c.silent else c.bass_class
        for s in sheet.sections:
            energy[int(frame(s.start)) : int(frame(s.start + s.length))] = energy_at(sheet, s.start)
        beats = np.arange(len(grid.beat_times_s) - 1)
        position = np.interp(np.arange(n_frames) / cfg.frame_rate, grid.beat_times_s, np.arange(len(grid.beat_times_s)))
        eighths = np.arange(0, len(beats), 0.5)
        struck = eighths[[sheet.is_accented(eighth) for eighth in eighths]]
        return cls(
            tune, onset, chord, bass, _marks(frame(beats), n_frames), _marks(frame(beats[::bar]), n_frames),
            (position % 1).astype(np.float32), (position % bar / bar).astype(np.float32),
            _marks(frame(struck), n_frames), energy, tune_shift(sheet.notes),
        )

    def window(self, start: int, n_frames: int) -> Truth:
        """Frames start to start + n_frames."""
        cut = {f.name: getattr(self, f.name)[start : start + n_frames] for f in fields(self) if f.name != "tune_shift"}
        return Truth(**cut, tune_shift=self.tune_shift)

    def packed(self) -> np.ndarray:
        """(F, N_PACKED) int16, for storage; `unpack` is the inverse."""
        bits = (self.chord * (1 << np.arange(12))).sum(1)
        flags = self.onset + 2 * self.beat + 4 * self.downbeat + 8 * self.accent
        shares = [np.round(a * SHARE).astype(int) for a in (self.beat_position, self.bar_position, self.energy)]
        shift = np.full(len(bits), self.tune_shift)
        return np.stack([self.tune, self.bass, bits, flags, *shares, shift], axis=1).astype(np.int16)

    @classmethod
    def from_packed(cls, packed: np.ndarray) -> Truth:
        """(F, N_PACKED) int16 of `packed` -> the truth it was made of, shares rounded to 1 / SHARE."""
        tune, bass, bits, flags, *shares, shift = np.asarray(packed).astype(int).T
        onset, beat, downbeat, accent = ((flags >> bit & 1).astype(bool) for bit in range(4))
        beat_position, bar_position, energy = ((share / SHARE).astype(np.float32) for share in shares)
        chord = (bits[:, None] >> np.arange(12) & 1).astype(bool)
        return cls(
            tune.astype(np.int16), onset, chord, bass.astype(np.int8), beat, downbeat, beat_position, bar_position, accent,
            energy, int(shift[0]) if len(shift) else 0,
        )  # fmt: skip

    def content(self) -> Content:
        """As the player wants it: hard, the tune in the carol's register. Tensors (F, n)."""
        return unpack(torch.from_numpy(self.packed())).content


@dataclass(frozen=True)
class Targets:
    """Truth as tensors of any batch shape: what the heads learn (`tune`, `bass`: class numbers) and the content to play."""

    tune: Tensor  # (..., F) class, N_PITCHES for none
    bass: Tensor  # (..., F) class, 12 for none
    beat: Tensor  # (..., F, 1)
    downbeat: Tensor  # (..., F, 1)
    content: Content  # the tune in the carol's register
    tune_shift: Tensor  # (...,) semitones from the sung to the carol's register


def unpack(packed: Tensor) -> Targets:
    """(..., F, N_PACKED) int16 of `Truth.packed` -> Targets on the same device."""
    tune, bass, bits, flags, beat_share, bar_share, energy, shift = packed.long().unbind(-1)
    in_range = (tune >= TUNE_LOWEST) & (tune <= TUNE_HIGHEST)
    tune_class = torch.where(in_range, tune - TUNE_LOWEST, N_PITCHES)
    bass_class = torch.where(bass >= 0, bass, 12)
    carol_pitch = tune + shift - TUNE_LOWEST
    audible = (tune != REST) & (carol_pitch >= 0) & (carol_pitch < N_PITCHES)
    carol_class = torch.where(audible, carol_pitch, N_PITCHES)
    flag = lambda bit: ((flags >> bit) & 1).float()[..., None]  # noqa: E731
    content = Content(
        tune=one_hot(carol_class, N_PITCHES + 1)[..., :-1].float(), onset=flag(0),
        chord=((bits[..., None] >> torch.arange(12, device=bits.device)) & 1).float(),
        bass=one_hot(bass_class, 13)[..., :-1].float(), phase=phases(beat_share / SHARE, bar_share / SHARE),
        accent=flag(3), energy=(energy / SHARE).float()[..., None],
    )  # fmt: skip
    return Targets(tune_class, bass_class, flag(1), flag(2), content, shift[..., 0])


def _marks(frames: np.ndarray, n_frames: int) -> np.ndarray:
    marks = np.zeros(n_frames, bool)
    marks[frames[(frames >= 0) & (frames < n_frames)]] = True
    return marks
