"""`Places`: where the quarter notes of a score on paper are in a MIDI file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.score.midi.tempo_map import TICKS_PER_QUARTER, TempoMap
from kcarol.score.notated import EXACT, Notated
from kcarol.transcription.lead_sheet import TimeGrid

LONGEST_QUARTER_S = 12.0  # 5 a minute: slower tempi many sequencers refuse
SHORTEST_SILENCE_S = 0.01  # before the first beat: what is less, nobody hears
STEP = TICKS_PER_QUARTER // 4  # bars of silence are some sixteenths long,
STEP_S = 0.125  # of about this length;
BAR_STEPS = 16  # longer silence is in bars of 4/4


@dataclass(frozen=True, eq=False)
class Places:
    """Where each of N beats begins and ends: on paper, in the file, and in the record.

    Silence before the first beat, and pauses, are not on paper; in the file they are bars.
    """

    quarters: np.ndarray  # (N + 1,) quarter notes from the beginning of the paper, rising
    starts: np.ndarray  # (N,) ticks, rising
    stops: np.ndarray  # (N,) ticks, at most the next start
    times_s: np.ndarray  # (N + 1,) seconds, rising
    stops_s: np.ndarray  # (N,) where the pauses begin
    swing: float = 0.0

    @classmethod
    def of(cls, paper: Notated, grid: TimeGrid) -> Places:
        quarters = np.array([float(place) for place in paper.beat_quarters])
        times_s, n_beats = paper.beat_times_s, len(quarters) - 1
        first = int(np.searchsorted(grid.beat_times_s, times_s[0]))
        pauses_s = np.zeros(len(grid.beat_times_s)) if grid.pauses_s is None else grid.pauses_s
        pauses_s = pauses_s[first : first + n_beats]
        stops_s = times_s[1:] - pauses_s
        # a beat in which the song stands still gets the ticks of several
        longest_s = LONGEST_QUARTER_S * np.diff(quarters)
        n_times = np.ceil((stops_s - times_s[:-1]) / longest_s).clip(1)
        lengths = np.round(n_times * np.diff(quarters) * TICKS_PER_QUARTER).astype(int)
        stops = np.cumsum(_silent_ticks(np.r_[times_s[0], pauses_s[:-1]]) + lengths)
        return cls(quarters, stops - lengths, stops, times_s, stops_s, paper.swing)

    @property
    def end(self) -> int:
        """Tick at which the last beat ends."""
        return int(self.stops[-1])

    def tempo_map(self) -> TempoMap:
        """On which each beat comes when it was heard."""
        # where one beat ends as the next begins, the beginning counts
        knots = {0: 0.0}
        knots |= dict(zip(self.stops.tolist(), self.stops_s.tolist(), strict=True))
        knots |= dict(zip(self.starts.tolist(), self.times_s[:-1].tolist(), strict=True))
        ticks = sorted(knots)
        return TempoMap.through(ticks, [0.0, *(knots[tick] for tick in ticks[1:])])

    def silences(self) -> list[tuple[int, int]]:
        """First tick, and one after the last, of each silence that has bars."""
        begins = np.r_[0, self.stops[:-1]]
        return [
            (begin, end)
            for begin, end in zip(begins.tolist(), self.starts.tolist(), strict=True)
            if begin < end
        ]

    def tick(self, quarter: float) -> int:
        """Where what begins at a place on paper does, swung as the song is."""
        return self._tick(quarter, float(quarter) + EXACT)

    def end_tick(self, quarter: float) -> int:
        """Where what lasts to a place on paper ends: before a pause."""
        return self._tick(quarter, float(quarter) - EXACT)

    def _tick(self, quarter: float, inside: float) -> int:
        i = int(np.searchsorted(self.quarters[:-1], inside, side="right")) - 1
        i = max(0, i)
        part = (float(quarter) - self.quarters[i]) / (self.quarters[i + 1] - self.quarters[i])
        return round(self.starts[i] + self._swung(part) * (self.stops[i] - self.starts[i]))

    def quarter(self, tick: int) -> float:
        """Inverse of both: the place on paper at a tick."""
        i = max(0, int(np.searchsorted(self.starts, tick, side="right")) - 1)
        part = self._straight((tick - self.starts[i]) / (self.stops[i] - self.starts[i]))
        if i < len(self.starts) - 1:
            part = min(part, 1.0)  # nothing is written in pauses
        return float(self.quarters[i] + max(0.0, part) * (self.quarters[i + 1] - self.quarters[i]))

    def _swung(self, part: float) -> float:
        return float(np.interp(part, *self._swing)) if part < 1 else part

    def _straight(self, part: float) -> float:
        return float(np.interp(part, *self._swing[::-1])) if part < 1 else part

    @property
    def _swing(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Parts of a beat on paper and as they sound."""
        return (0.0, 0.5, 1.0), (0.0, 0.5 + self.swing / 2, 1.0)


def _silent_ticks(silence_s: np.ndarray) -> np.ndarray:
    """(N,) ticks of silences, none for the shortest."""
    n_steps = np.round(silence_s / STEP_S).clip(1)
    whole_bars = BAR_STEPS * np.round(n_steps / BAR_STEPS)
    n_steps = np.where(n_steps > BAR_STEPS, whole_bars, n_steps)
    return np.where(silence_s < SHORTEST_SILENCE_S, 0, STEP * n_steps).astype(int)
