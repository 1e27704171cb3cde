"""Two voices against each other: lines of notes, each one note at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.harmony import clashes
from kcarol.transcription.lead_sheet import Note

PERFECT = (0, 7)  # semitones between voices, octaves folded
TOGETHER = 0.06  # of a beat: notes that begin so near to each other begin together


def parallels(high: Sequence[Note], low: Sequence[Note], together: float) -> list[float]:
    """Where two voices move together from a fifth or octave to another."""
    lows = {
        round(after.start / together): (before, after) for before, after in _motions(low, together)
    }
    found = []
    for before, after in _motions(high, together):
        step = round(after.start / together)
        near = next((lows[s] for s in (step, step - 1, step + 1) if s in lows), None)
        if near is None:
            continue
        left, reached = before.pitch - near[0].pitch, after.pitch - near[1].pitch
        if left % 12 == reached % 12 and reached % 12 in PERFECT:
            found.append(after.start)
    return found


def _motions(line: Sequence[Note], together: float) -> Iterator[tuple[Note, Note]]:
    """Notes and their followings of another pitch, without a rest of a beat between them."""
    beat = together / TOGETHER
    for before, after in pairwise(line):
        if before.pitch != after.pitch and after.start - before.end < beat:
            yield before, after


def crossings(high: Sequence[Note], low: Sequence[Note], together: float) -> list[float]:
    """Where the lower of two voices sounds above the higher one."""
    return [
        max(upper.start, lower.start)
        for upper, lower in overlapping(high, low, together)
        if lower.pitch > upper.pitch
    ]


def overlapping(
    high: Sequence[Note], low: Sequence[Note], least: float
) -> Iterator[tuple[Note, Note]]:
    """Pairs of notes of two sorted voices that sound together for longer than `least`."""
    starts = [note.start for note in low]
    longest = max((note.length for note in low), default=0.0)
    for upper in high:
        first = bisect_right(starts, upper.start - longest)
        for lower in low[first : bisect_right(starts, upper.end)]:
            if min(upper.end, lower.end) - max(upper.start, lower.start) > least:
                yield upper, lower


def clash_length(tune: Sequence[Note], others: Sequence[Note], eighth: float) -> float:
    """How long a tune sounds a semitone, octaves folded, from another note for over an eighth."""
    spans: dict[Note, list[tuple[float, float]]] = {}
    for sung, other in overlapping(tune, sorted(others, key=_start), eighth * (1 + TOGETHER)):
        if clashes(other.pitch, sung.pitch):
            span = max(sung.start, other.start), min(sung.end, other.end)
            spans.setdefault(sung, []).append(span)
    return sum(_union(found) for found in spans.values())


def _union(spans: list[tuple[float, float]]) -> float:
    total, reached = 0.0, -np.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _start(note: Note) -> float:
    return note.start
