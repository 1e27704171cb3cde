"""What sounds in each bar of a song, as form analysis compares bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.config import TUNE_CENTRE
from kcarol.transcription.form.bar_shapes import means_between
from kcarol.transcription.transcription import Transcription

CHORD_SLOTS = 8  # equal parts of a bar, however many beats it has
TUNE_SLOTS = 16
STILL = 0.08  # share of a bar: with less tune it counts as without


@dataclass(frozen=True, eq=False)
class BarFeatures:
    """Of N bars."""

    n_beats: np.ndarray  # (N,)
    chords: np.ndarray  # (N, CHORD_SLOTS, 12): probability of each pitch class
    tune: np.ndarray  # (N, TUNE_SLOTS, 12): share of the slot in which a pitch class is sung
    pitch: np.ndarray  # (N,) mean MIDI pitch of the tune; where it rests, the song's
    note_rate: np.ndarray  # (N,) notes of the tune a second
    level_db: np.ndarray  # (N,)
    onset_rate: np.ndarray  # (N,) a second
    energy: np.ndarray  # (N,) 0 to 1

    def __len__(self) -> int:
        return len(self.n_beats)

    def __getitem__(self, bars: slice) -> BarFeatures:
        return BarFeatures(*(values[bars] for values in vars(self).values()))

    @property
    def sung(self) -> np.ndarray:
        """(N,) share of each bar in which the tune sounds."""
        return self.tune.sum(2).mean(1)


def bar_features(
    transcription: Transcription, times_s: np.ndarray, starts: np.ndarray, frame_rate: float
) -> BarFeatures:
    """Of the bars that begin at beats `starts` (N,); beats are at times (n_beats + 1,)."""
    edges = np.append(starts, len(times_s) - 1)

    def in_slots(values: np.ndarray, n_slots: int) -> np.ndarray:
        """(F, ...) -> (N, n_slots, ...): means over equal parts of bars."""
        inner = np.arange(n_slots * len(starts) + 1) / n_slots
        beats = np.interp(inner, np.arange(len(edges)), edges)
        frames = frame_rate * np.interp(beats, np.arange(len(times_s)), times_s)
        means = means_between(values, frames)
        return means.reshape(len(starts), n_slots, *values.shape[1:])

    pitch_class = np.where(transcription.tune >= 0, transcription.tune % 12, -1)
    tune = (pitch_class[:, None] == np.arange(12)) * transcription.tune_probability[:, None]
    is_sung = transcription.tune >= 0
    sung = in_slots(is_sung.astype(float), 1)[:, 0]
    pitch = in_slots(np.where(is_sung, transcription.tune, 0), 1)[:, 0] / sung.clip(1e-9)
    usual = np.median(transcription.tune[is_sung]) if is_sung.any() else TUNE_CENTRE
    power = 10 ** (transcription.loudness_db.astype(float) / 10)
    return BarFeatures(
        n_beats=np.diff(edges),
        chords=in_slots(transcription.chord, CHORD_SLOTS),
        tune=in_slots(tune, TUNE_SLOTS),
        pitch=np.where(sung >= STILL, pitch, usual),
        note_rate=frame_rate * in_slots(transcription.onset > 0, 1)[:, 0],
        level_db=10 * np.log10(in_slots(power, 1)[:, 0]),
        onset_rate=in_slots(transcription.onset_rate, 1)[:, 0],
        energy=in_slots(transcription.energy, 1)[:, 0],
    )
