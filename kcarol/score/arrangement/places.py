"""When strokes in seconds are on paper: quarter notes, on sixteenths or triplets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from kcarol.score.notated import EXACT, Paper

# parts into which a beat may be divided, and by how much, in beats, its notes may be moved before
# the next one is taken
SIMPLE = {4: 0.0, 3: 0.02, 8: 0.5, 24: 9.0}
COMPOUND = {6: 0.0, 12: 0.5, 24: 9.0}


def places_of(beats: Sequence[float], paper: Paper) -> Mapping[float, Fraction]:
    """Places in beats of onsets, each at a place of its own.

    beats: different ones, rising.
    """
    places: dict[float, Fraction] = {}
    after = Fraction(-1)
    numbers = np.floor(np.asarray(beats, float) + EXACT).astype(int)
    for number in np.unique(numbers).tolist():
        here = [beat for beat, n in zip(beats, numbers.tolist(), strict=True) if n == number]
        offsets = tuple(round(beat - number, 5) for beat in here)
        is_compound = paper.bar_at(number).metre.division == 3
        within = divided(offsets, after >= number, is_compound)
        places.update(zip(here, (number + place for place in within), strict=True))
        after = places[here[-1]]
    return places


@lru_cache(maxsize=4096)
def divided(offsets: tuple[float, ...], is_begun: bool, is_compound: bool) -> tuple[Fraction, ...]:
    """Places of notes in a beat; `is_begun`: its beginning is taken by a note before."""
    divisions = COMPOUND if is_compound else SIMPLE
    ways = [(cost, _rising(offsets, parts, int(is_begun))) for parts, cost in divisions.items()]
    possible = [
        (cost + sum(abs(float(place) - x) for place, x in zip(way, offsets, strict=True)), way)
        for cost, way in ways
        if way[-1] <= 1
    ]
    return min(possible, default=ways[-1], key=lambda way: way[0])[1]


def _rising(offsets: Sequence[float], parts: int, first: int) -> tuple[Fraction, ...]:
    numbers: list[int] = []
    for offset in offsets:
        numbers.append(max(round(offset * parts), first))
        first = numbers[-1] + 1
    return tuple(Fraction(number, parts) for number in numbers)
