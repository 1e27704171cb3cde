"""Chords for a tune that has none: triads of its key, by the tune's tones and by their order.

A small grammar of functional harmony (tonic, subdominant, dominant), and the cheapest way through
it by dynamic programming; every choice has one answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way
from kcarol.arrangement.counterpoint.tune import phrases
from kcarol.transcription.lead_sheet import QUALITIES, TOLERANCE, Chord, LeadSheet, Span

FIFTH = 7  # semitones


@dataclass(frozen=True)
class Degree:
    """A chord of a key."""

    steps: int  # semitones from the tonic to the root
    quality: str
    function: str  # T, S or D: tonic, subdominant, dominant
    cost: float  # of its rarity

    def tones(self, tonic: int) -> np.ndarray:
        """(12,) bool"""
        steps = np.array(QUALITIES[self.quality]) + self.steps + tonic
        return np.isin(np.arange(12), steps % 12)


DEGREES = {
    "major": (
        Degree(0, "maj", "T", 0.0),
        Degree(5, "maj", "S", 0.3),
        Degree(7, "maj", "D", 0.2),
        Degree(9, "min", "T", 0.7),
        Degree(2, "min", "S", 0.7),
        Degree(7, "7", "D", 0.5),
        Degree(4, "min", "T", 1.5),
        Degree(2, "7", "S", 1.5),  # the dominant's dominant
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
ORDER = {  # costs of one function after another
    "T": {"T": 0.4, "S": 0.0, "D": 0.0},
    "S": {"T": 0.3, "S": 0.4, "D": 0.0},
    "D": {"T": 0.0, "S": 1.2, "D": 0.6},
}
FOREIGN = 1.2  # a beat of a tone outside the chord
STRONG, WEAK = 1.6, 0.5  # times so much at the beginning of a span; off the beat
SAME = 0.25  # the chord of the bar before
HALF_BAR = 0.7  # another chord within a bar
CLOSE, OPENING = 3.0, 1.0  # another chord than the tonic's at the end; at the beginning
REST = 0.6  # neither tonic nor dominant at the end of a phrase
LONG_BAR = 4  # beats: such bars may have two chords


def harmonised(sheet: LeadSheet) -> tuple[Chord, ...]:
    """Chords for a sheet's tune, from its first bar on; below an upbeat, none."""
    start = _first_bar(sheet)
    spans = [span for span in _spans(sheet) if span.start >= start]
    degrees = DEGREES[sheet.mode]
    bars = set(sheet.bar_starts().tolist())
    ways = [_ways(degrees, is_bar=span.start in bars) for span in spans[1:]]
    chosen = cheapest_way(_costs(spans, degrees, sheet), ways)
    before = [Chord(0.0, start, sheet.key, silent=True)] if start > 0 else []
    return (*before, *_merged(spans, [degrees[number] for number in chosen], sheet.key))


def _first_bar(sheet: LeadSheet) -> float:
    """The beat at which the first bar begins with whose first half there is a tune."""
    edges = [*sheet.bar_starts().tolist(), sheet.n_beats]
    first = sheet.notes[0].start
    bar = bisect_right(edges, first + TOLERANCE) - 1
    is_upbeat = first - edges[bar] >= (edges[bar + 1] - edges[bar]) / 2 and bar + 2 < len(edges)
    return edges[bar + is_upbeat]


def _spans(sheet: LeadSheet) -> list[Span]:
    """Bars, or their halves, that have one chord."""
    out = []
    for start, end in pairwise([*sheet.bar_starts().tolist(), sheet.n_beats]):
        half = round(end - start) // 2
        edges = [start, start + half, end] if end - start >= LONG_BAR else [start, end]
        out += [Span(a, b - a) for a, b in pairwise(edges)]
    return out


def _costs(spans: Sequence[Span], degrees: Sequence[Degree], sheet: LeadSheet) -> list[np.ndarray]:
    """Of each degree (K,), in each span: its tones, its rarity, and its place in the form."""
    is_tonic = np.array([degree.steps == 0 for degree in degrees])
    is_rest = is_tonic | np.array([degree.steps == FIFTH for degree in degrees])
    rarity = np.array([degree.cost for degree in degrees])
    phrase_ends = [phrase[-1].start for phrase in phrases(sheet.notes)]
    tune_end = sheet.notes[-1].end
    costs = []
    for number, span in enumerate(spans):
        cost = rarity + _misfits(span, degrees, sheet)
        if span.end >= tune_end - TOLERANCE:
            cost = cost + CLOSE * ~is_tonic
        elif number == 0:
            cost = cost + OPENING * ~is_tonic
        elif any(span.start - TOLERANCE <= beat < span.end for beat in phrase_ends):
            cost = cost + REST * ~is_rest
        costs.append(cost)
    return costs


def _misfits(span: Span, degrees: Sequence[Degree], sheet: LeadSheet) -> np.ndarray:
    """(K,) costs of the tune's tones in a span that are foreign to the chords."""
    weights = np.zeros(12)  # of each pitch class
    for note in sheet.notes:
        length = min(span.end, note.end) - max(span.start, note.start)
        if length > TOLERANCE:
            weights[note.pitch % 12] += length * _stress(max(span.start, note.start), span)
    tones = np.array([degree.tones(sheet.key) for degree in degrees])
    return FOREIGN * (~tones) @ weights


def _stress(beat: float, span: Span) -> float:
    if beat - span.start < TOLERANCE:
        return STRONG
    return WEAK if abs(beat - round(beat)) > TOLERANCE else 1.0


def _ways(degrees: Sequence[Degree], is_bar: bool) -> np.ndarray:
    """(K, K) costs of one chord after another."""
    changes = np.array([[ORDER[a.function][b.function] for b in degrees] for a in degrees])
    stays = np.eye(len(degrees), dtype=bool)
    return np.where(stays, SAME if is_bar else 0.0, changes + (0.0 if is_bar else HALF_BAR))


def _merged(spans: Sequence[Span], degrees: Sequence[Degree], tonic: int) -> tuple[Chord, ...]:
    """Chords, equal neighbours as one, the last to the end."""
    out: list[Chord] = []
    for span, degree in zip(spans, degrees, strict=True):
        chord = Chord(span.start, span.length, (tonic + degree.steps) % 12, degree.quality)
        last = out[-1] if out else None
        if last and (last.root, last.quality) == (chord.root, chord.quality):
            out[-1] = replace(last, length=chord.end - last.start)
        else:
            out.append(chord)
    return tuple(out)
