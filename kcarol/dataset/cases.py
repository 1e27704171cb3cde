"""A case: a short piece of music or sound, and what is right to hear in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.config import AudioConfig
from kcarol.transcription.lead_sheet import Stroke

Span = tuple[float, float]  # start and end, seconds


@dataclass(frozen=True)
class SoundingChord:
    """Pitch classes that sound together for a while."""

    start_s: float
    end_s: float
    pitch_classes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """A wave and the right answers. Pitches are nominal: `tuning_cents` is added to all of them.

    Arrays run over N beats. In compound time (6/8, 9/8, 12/8) a beat is a dotted quarter, in 7/8 an
    eighth.
    """

    name: str
    group: str  # what is looked at: tempo, metre, tuning ...
    kind: str  # one row of the table
    wave: np.ndarray  # (T,) float32 at 16 kHz
    beats_s: np.ndarray  # (N,) rising; empty where nothing keeps time
    positions: np.ndarray  # (N,) int: of each beat in its bar, 0 the first
    metres: np.ndarray  # (N,) int: beats of its bar
    divisions: np.ndarray  # (N,) int: 2, or 3 in compound time
    tune: tuple[Stroke, ...]  # empty where there is none
    chords: tuple[SoundingChord, ...]
    tuning_cents: Span  # above A440 at the beginning and at the end, a straight line between
    parts_s: tuple[Span, ...]  # stretches in which music sounds; each is measured alone
    rests_s: tuple[Span, ...] = ()  # silence

    @property
    def downbeats_s(self) -> np.ndarray:
        return self.beats_s[self.positions == 0]

    def tuning_at(self, time_s: float | np.ndarray) -> np.ndarray:
        """Cents above A440 at times in seconds, of the same shape."""
        return np.asarray(np.interp(time_s, (0, self.length_s), self.tuning_cents))

    @property
    def length_s(self) -> float:
        return len(self.wave) / AudioConfig.sample_rate
