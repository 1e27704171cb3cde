"""Chords for a tune that has none: triads of its key, by the tune's tones and by their order.

A small grammar of functional harmony (tonic, subdominant, dominant), and the cheapest way through
it by dynamic programming; every choice has one answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way
from kcarol.arrangement.counterpoint.tune import phrases
from kcarol.transcription.lead_sheet import QUALITIES, TOLERANCE, Chord, LeadSheet, Metre, Note


@dataclass(frozen=True)
class Degree:
    """A chord of a key."""

    steps: int  # semitones from the tonic to the root
    quality: str
    function: str  # T, S or D: tonic, subdominant, dominant
    cost: float  # of its rarity

    def pitch_classes(self, tonic: int) -> set[int]:
        return {(tonic + self.steps + step) % 12 for step in QUALITIES[self.quality]}


DEGREES = {
    "major": (
        Degree(0, "maj", "T", 0.0),
        Degree(5, "maj", "S", 0.3),
        Degree(7, "maj", "D", 0.2),
        Degree(9, "min", "T", 0.7),
        Degree(2, "min", "S", 0.7),
        Degree(7, "7", "D", 0.5),
        Degree(4, "min", "T", 1.5),
    ),
    "minor": (
        Degree(0, "min", "T", 0.0),
        Degree(5, "min", "S", 0.3),
        Degree(7, "maj", "D", 0.3),
        Degree(8, "maj", "S", 0.6),
        Degree(10, "maj", "D", 0.6),
        Degree(3, "maj", "T", 0.6),
        Degree(7, "7", "D", 0.6),
        Degree(7, "min", "D", 1.2),
        Degree(2, "dim", "S", 2.0),
    ),
}
# of one function after another
ORDER = {
    "TT": 0.4,
    "TS": 0.0,
    "TD": 0.0,
    "SS": 0.4,
    "ST": 0.3,
    "SD": 0.0,
    "DD": 0.6,
    "DT": 0.0,
    "DS": 1.2,
}
FOREIGN = 1.2  # a beat of a tone outside the chord
STRONG, WEAK = 1.6, 0.5  # the same at the beginning of a span; off the beat
SAME = 0.25  # the chord of the bar before
HALF_BAR = 0.7  # another chord within a bar
CLOSE = 3.0  # a song that ends on another chord than the tonic's
OPENING = 1.0  # or begins so
REST = 0.6  # a phrase that ends on neither tonic nor dominant
LONG_BAR = 4  # beats: such bars may have two chords


def harmonised(sheet: LeadSheet) -> tuple[Chord, ...]:
    """Chords from the beginning of a sheet's tune to its end; before, none."""
    spans = _spans(sheet)
    degrees = DEGREES[sheet.mode]
    phrase_ends = {phrase[-1].start for phrase in phrases(sheet.notes)}
    sung = [[note for note in sheet.notes if note.end > a and note.start < b] for a, b in spans]
    first = next((n for n, notes in enumerate(sung) if notes), 0)
    last = max((n for n, notes in enumerate(sung) if notes), default=0)
    costs = []
    for number, (start, end) in enumerate(spans):
        cost = np.array([_misfit(d, sheet, sung[number], start, end) + d.cost for d in degrees])
        is_tonic = np.array([d.steps == 0 for d in degrees])
        is_rest = np.array([d.steps in (0, 7) for d in degrees])
        cost += CLOSE * ~is_tonic * (number >= last) + OPENING * ~is_tonic * (number == first)
        if any(start - TOLERANCE <= beat < end for beat in phrase_ends):
            cost += REST * ~is_rest
        costs.append(cost)
    bars = sheet.bar_starts()
    ways = [_ways(degrees, is_bar=bool(np.isclose(bars, b[0]).any())) for _, b in pairwise(spans)]
    chosen = [degrees[n] for n in cheapest_way(costs, ways)]
    return _merged(spans, chosen, sheet.key)


def _spans(sheet: LeadSheet) -> list[tuple[float, float]]:
    """Bars, or their halves, that have one chord."""
    out = []
    starts = sheet.bar_starts().tolist()
    for start, end in pairwise([*starts, sheet.n_beats]):
        half = _half(sheet.metre_at(start))
        edges = [start, start + half, end] if half else [start, end]
        out += list(pairwise(edges))
    return out


def _half(metre: Metre) -> float | None:
    """Beats after which a bar may have its second chord."""
    return metre.beats_per_bar // 2 if metre.beats_per_bar >= LONG_BAR else None


def _misfit(
    degree: Degree, sheet: LeadSheet, notes: Sequence[Note], start: float, end: float
) -> float:
    tones = degree.pitch_classes(sheet.key)
    cost = 0.0
    for note in notes:
        if note.pitch % 12 not in tones:
            begin = max(start, note.start)
            weight = STRONG if begin - start < TOLERANCE else 1.0
            weight = WEAK if abs(begin - round(begin)) > TOLERANCE else weight
            cost += FOREIGN * weight * (min(end, note.end) - begin)
    return cost


def _ways(degrees: Sequence[Degree], is_bar: bool) -> np.ndarray:
    """(K, K) costs of one chord after another."""
    out = np.array([[ORDER[a.function + b.function] for b in degrees] for a in degrees])
    stays = np.eye(len(degrees), dtype=bool)
    if is_bar:
        return np.where(stays, SAME, out)
    return np.where(stays, 0.0, out + HALF_BAR)


def _merged(
    spans: Sequence[tuple[float, float]], degrees: Sequence[Degree], tonic: int
) -> tuple[Chord, ...]:
    out: list[Chord] = []
    for (start, end), degree in zip(spans, degrees, strict=True):
        root = (tonic + degree.steps) % 12
        last = out[-1] if out else None
        if last and (last.root, last.quality) == (root, degree.quality):
            out[-1] = Chord(last.start, end - last.start, root, degree.quality)
        else:
            out.append(Chord(start, end - start, root, degree.quality))
    return tuple(out)
