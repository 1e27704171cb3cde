"""Rhythms of bass and chords, a bar long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kcarol.corpus.arrangement.pop.score import Score


class Hit(NamedTuple):
    offset: float  # beats from the bar's start
    length: float  # beats
    strength: float  # 0 to 1


def draw_rhythm(style: str, score: Score, rng: np.random.Generator) -> list[Hit]:
    """A bar in one of the rhythms of bass lines and chord parts; each rings to the next stroke."""
    starts = sorted(set(_starts(style, score, rng)))
    ends = [*starts[1:], score.beats_per_bar]
    return [
        Hit(start, end - start, score.accent_at(start))
        for start, end in zip(starts, ends, strict=True)
    ]


def _starts(style: str, score: Score, rng: np.random.Generator) -> list[float]:
    n = score.beats_per_bar * score.division
    parts = [i / score.division for i in range(n)]
    # drawn in every style, so that later draws do not depend on it
    is_between = iter(rng.random(3 * score.beats_per_bar) < 0.6)
    is_drawn = rng.random(n - 1) < 0.25 + 0.5 * np.array(score.accents[1:n])
    starts = {
        "accents": [
            part for part, accent in zip(parts, score.accents, strict=False) if accent > 0.55
        ],
        "sixteenths": _sixteenths(score, is_between),
        "drawn": [0.0, *(part for part, drawn in zip(parts[1:], is_drawn, strict=True) if drawn)],
    }
    usual = _compound if score.division == 3 else _simple
    return (starts | usual(score)).get(style) or [0.0]


def _sixteenths(score: Score, is_between: Iterator[bool]) -> list[float]:
    """The beats, and some of what lies between them."""
    steps = [i / 4 for i in range(4 * score.beats_per_bar)]
    if score.division == 3:
        steps = [i / 3 for i in range(3 * score.beats_per_bar)]
    return [step for step in steps if step % 1 == 0 or next(is_between)]


def _simple(score: Score) -> dict[str, list[float]]:
    """Rhythms where beats divide in two; bars of five and seven are groups of two and three."""
    n, strong = score.beats_per_bar, score.strong_beats
    beats = [float(beat) for beat in range(n)]
    eighths = [i / 2 for i in range(2 * n)]
    weak = [beat for beat in beats if beat not in strong]
    dotted = [
        *strong,
        *(s + 1.5 for s, end in zip(strong, (*strong[1:], n), strict=True) if end - s > 2),
    ]
    return {
        "quarters": beats,
        "walking": beats,
        "leaping": beats,
        "fifths": [float(beat) for beat in strong] if n > 3 else beats,
        "two_feel": beats[::2] if n < 5 else [float(beat) for beat in strong],
        "boogie": eighths if score.sheet.tempo_bpm < 110 else beats,
        "eighths": eighths,
        "octaves": eighths,
        "offbeats": eighths[1::2],
        "backbeat": weak,
        "tresillo": {2: [0, 0.75, 1.5], 3: [0, 1.5], 4: [0, 1.5, 3]}.get(n, dotted),
        "charleston": [0, 1.5],
        "push": [0, 1.5, n - 0.5],
        "bossa": {2: [0, 0.75, 1.5], 3: [0, 1, 2.5], 4: [0, 1.5, 2.5]}.get(n, dotted),
        "strum": {3: [0, 1, 1.5, 2, 2.5], 4: [0, 1, 1.5, 2.5, 3, 3.5]}.get(
            n, [*beats, *(beat + 0.5 for beat in weak)]
        ),
        "island": {3: [0, 1, 2, 2.5], 4: [0, 1, 1.5, 2.5, 3.5]}.get(n, [*beats, n - 0.5]),
    }


def _compound(score: Score) -> dict[str, list[float]]:
    """Rhythms where beats divide in three: long and short, thirds, or the beats alone."""
    n = score.beats_per_bar
    beats = [float(beat) for beat in range(n)]
    thirds = [i / 3 for i in range(3 * n)]
    lilt = [beat + part for beat in beats for part in (0, 2 / 3)]
    return {
        "quarters": beats,
        "walking": lilt if score.sheet.tempo_bpm < 70 else beats,
        "leaping": beats,
        "fifths": beats,
        "two_feel": beats[::2] if n == 4 else beats,
        "boogie": lilt,
        "eighths": thirds,
        "octaves": thirds,
        "offbeats": [third for third in thirds if third not in beats],
        "backbeat": beats[1::2] if n != 3 else beats[1:],
        "tresillo": [0, 2 / 3, *beats[1:]],
        "charleston": [0, 2 / 3],
        "push": [*beats, n - 1 / 3],
        "bossa": [0, 2 / 3, *(beat + 1 / 3 for beat in beats[1:])],
        "strum": [*beats, *(beat + 2 / 3 for beat in beats)],
        "island": [0, *(beat + part for beat in beats[1:] for part in (0, 1 / 3, 2 / 3))],
    }
