"""Quarters of a score as beats of a lead sheet, and when these are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kcarol.score.elsewhere.written import Unplayable, Written, WrittenBar
from kcarol.score.notated import MOST_QUARTERS
from kcarol.transcription.lead_sheet import TOLERANCE, Metre, TimeGrid
from kcarol.transcription.notation import LEAD_S

# beats a minute of a score without a tempo, by the quarters of a beat
USUAL_BPM = {0.25: 120.0, 0.5: 120.0, 0.75: 60.0, 1.0: 100.0, 1.5: 60.0, 2.0: 72.0, 3.0: 50.0}
WALTZ_BPM = 112.0  # the same of three quarters a bar
ALLA_BREVE_BPM = 132.0  # of quarters in 2/2
FINEST = 0.25  # quarters: bars of other lengths are as long as so many of these as they need
DIVISIONS = (12, 16)  # of a beat
ROUNDED = 0.008  # beats
SLOWEST_BPM, FASTEST_BPM = 5.0, 1000.0  # quarters


@dataclass(frozen=True, eq=False)
class BeatAxis:
    """The beats of a score."""

    edges: np.ndarray  # (n_beats + 1,) quarters at which beats begin, and the end
    metres: tuple[Metre, ...]
    times_s: np.ndarray  # (n_beats + 1,), rising

    @classmethod
    def of(cls, written: Written) -> BeatAxis:
        if written.bars[-1].end > MOST_QUARTERS:
            found = f"{written.bars[-1].end:.0f}"
            raise Unplayable(
                f"at most {MOST_QUARTERS} quarter notes", found, "give a shorter piece"
            )
        metres: list[Metre] = []
        edges = [0.0]
        for bar in written.bars:
            quarters, division = beat_of(bar)
            n_beats = max(1, math.ceil(bar.length / quarters - TOLERANCE))
            metre = Metre(float(len(edges) - 1), n_beats, division)
            if not metres or metre != replace(metres[-1], start=metre.start):
                metres.append(metre)
            inner = bar.start + quarters * np.arange(1, n_beats)
            edges += [*inner.tolist(), bar.end]
        times_s = _times_s(written, np.array(edges))
        return cls(np.array(edges), tuple(metres), times_s)

    @property
    def n_beats(self) -> int:
        return len(self.edges) - 1

    @cached_property
    def bar_starts(self) -> np.ndarray:
        """(N,) beats at which bars begin."""
        ends = [*(metre.start for metre in self.metres[1:]), self.n_beats]
        spans = zip(self.metres, ends, strict=True)
        return np.concatenate([np.arange(m.start, end, m.beats_per_bar) for m, end in spans])

    @cached_property
    def tempo_bpm(self) -> float:
        """Of most beats."""
        return round(60 / float(np.median(np.diff(self.times_s))), 6)

    def beats_at(self, quarters: float) -> float:
        """A position in beats; of nearly a twelfth or a sixteenth of a beat, exactly that: some
        programs round triplets.
        """
        beat = float(np.interp(quarters, self.edges, np.arange(len(self.edges))))
        nearest = min((round(n * beat) / n for n in DIVISIONS), key=lambda near: abs(near - beat))
        return round(nearest if abs(nearest - beat) < ROUNDED else beat, 9)

    def grid(self, swing: float) -> TimeGrid:
        return TimeGrid(self.times_s, self.metres[0].beats_per_bar, swing)


def beat_of(bar: WrittenBar) -> tuple[float, int]:
    """Quarters of a bar's beat, and its parts: see `kcarol.transcription.lead_sheet`.

    In halves 3/2 and 4/2 are counted, in quarters 2/2, in eighths 3/8 and what is no whole number
    of beats.
    """
    unit = 4 / bar.denominator
    if bar.numerator % 3 == 0 and bar.numerator > 3:
        quarters, division = 3 * unit, 3
    elif bar.denominator > 4 and bar.numerator % 2 == 0:
        quarters, division = 2 * unit, 2
    elif bar.denominator <= 2 and bar.numerator <= 2:
        quarters, division = 1.0, 2
    else:
        quarters, division = unit, 2
    if _is_whole(bar.length / quarters):
        return quarters, division
    finer = (q for q in (1.0, 0.5) if _is_whole(bar.length / q))
    return next(finer, FINEST), 2


def usual_tempo(bar: WrittenBar) -> float:
    """Quarters a minute of a score that tells none."""
    quarters, _ = beat_of(bar)
    if (bar.numerator, bar.denominator) == (2, 2):
        return ALLA_BREVE_BPM
    if bar.numerator == 3 and quarters == 1:
        return WALTZ_BPM
    return quarters * USUAL_BPM.get(quarters, USUAL_BPM[1.0])


def _times_s(written: Written, edges: np.ndarray) -> np.ndarray:
    """Seconds of beats that begin at quarters (N,); those before an upbeat last LEAD_S."""
    tempos = written.tempos or ((0.0, usual_tempo(written.bars[0])),)
    for _, bpm in tempos:
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            raise Unplayable(
                f"tempos of {SLOWEST_BPM:g} to {FASTEST_BPM:g} quarters a minute",
                f"{bpm:g}",
                "correct the metronome mark",
            )
    starts, bpms = (np.array(column) for column in zip(*tempos, strict=True))
    starts = np.append(np.minimum(starts, np.r_[0.0, starts[1:]]), max(starts[-1], edges[-1]) + 1)
    seconds = np.append(0.0, np.cumsum(np.diff(starts) * 60 / bpms))
    lengths = np.diff(np.interp(edges, starts, seconds))
    lengths[edges[1:] <= written.lead + TOLERANCE] = LEAD_S
    return np.append(0.0, np.cumsum(lengths))


def _is_whole(n: float) -> bool:
    return abs(n - round(n)) < TOLERANCE and round(n) >= 1


def joined_bars(bars: Sequence[WrittenBar]) -> tuple[WrittenBar, ...]:
    """Bars of which two in a row that are one, parted by a repeat or a double bar, are one."""
    out: list[WrittenBar] = []
    for bar in bars:
        last = out[-1] if out else None
        if last and _are_one(last, bar):
            out[-1] = replace(last, length=bar.end - last.start)
        else:
            out.append(bar)
    return tuple(out)


def _are_one(bar: WrittenBar, other: WrittenBar) -> bool:
    same_metre = (bar.numerator, bar.denominator) == (other.numerator, other.denominator)
    return same_metre and abs(bar.length + other.length - full_length(bar)) < TOLERANCE


def with_whole_beats(bar: WrittenBar) -> WrittenBar:
    """As long as the beats of its time signature that it needs."""
    quarters, _ = beat_of(replace(bar, length=full_length(bar)))
    return replace(bar, length=quarters * math.ceil(bar.length / quarters - TOLERANCE))


def full_length(bar: WrittenBar) -> float:
    """Quarters of a bar of its time signature."""
    return bar.numerator * 4 / bar.denominator
