"""`TempoMap`: when the ticks of a MIDI file sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

TICKS_PER_QUARTER = 960  # of the files that we write: .5 ms at 120 quarters a minute
US_PER_S = 1_000_000
LONGEST_US = 2**24 - 1  # of a quarter, as a tempo event has three bytes


@dataclass(frozen=True, eq=False)
class TempoMap:
    """Tempi from ticks on; before the first and after the last one it goes on in their tempo."""

    ticks: np.ndarray  # (N,) int, rising from 0: where a tempo begins
    us_per_quarter: np.ndarray  # (N,) int, at least 1
    ticks_per_quarter: float = TICKS_PER_QUARTER

    @classmethod
    def through(cls, ticks: Sequence[int], times_s: Sequence[float]) -> TempoMap:
        """The map on which ticks (N + 1,), rising from 0, come at times that rise from 0 s.

        Tempi are whole microseconds: each makes good what those before it lack or have too much,
        so that every tick comes within half a microsecond a quarter, however long the song.
        """
        now_us = 0.0
        tempi = []
        for start, stop, time_s in zip(ticks, ticks[1:], times_s[1:], strict=False):
            n_quarters = (stop - start) / TICKS_PER_QUARTER
            tempo = round((time_s * US_PER_S - now_us) / n_quarters)
            tempi.append(min(max(1, tempo), LONGEST_US))
            now_us += tempi[-1] * n_quarters
        return cls(np.array(ticks[:-1]), np.array(tempi))

    @property
    def changes(self) -> tuple[list[int], list[int]]:
        """Ticks, and the microseconds of a quarter from them on."""
        return self.ticks.tolist(), self.us_per_quarter.tolist()

    def time_s(self, tick: ArrayLike) -> np.ndarray:
        """Seconds of ticks (number or array)."""
        i = self._segment(self.ticks, tick)
        return self._starts_s[i] + (np.asarray(tick) - self.ticks[i]) * self._s_per_tick[i]

    def tick(self, time_s: ArrayLike) -> np.ndarray:
        """The tick nearest to a time in seconds (number or array), from 0 on."""
        i = self._segment(self._starts_s, time_s)
        ticks = self.ticks[i] + (np.asarray(time_s) - self._starts_s[i]) / self._s_per_tick[i]
        return np.round(ticks).astype(int).clip(0)

    @staticmethod
    def _segment(starts: np.ndarray, place: ArrayLike) -> np.ndarray:
        return (np.searchsorted(starts, place, side="right") - 1).clip(0)

    @cached_property
    def _s_per_tick(self) -> np.ndarray:
        return self.us_per_quarter / (US_PER_S * self.ticks_per_quarter)

    @cached_property
    def _starts_s(self) -> np.ndarray:
        return np.r_[0.0, np.cumsum(np.diff(self.ticks) * self._s_per_tick[:-1])]
