"""Rhythms of bass and chords, a bar long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kcarol.corpus.arrangement.pop.score import Score


class Hit(NamedTuple):
    offset: float  # beats from the bar's start
    length: float  # beats
    strength: float  # 0 to 1


def draw_rhythm(style: str, score: Score, rng: np.random.Generator) -> list[Hit]:
    """A bar in one of the rhythms of bass lines and chord parts; each rings to the next stroke."""
    starts = _starts(style, score, rng)
    ends = [*starts[1:], score.beats_per_bar]
    return [
        Hit(start, end - start, score.accents[int(2 * start) % len(score.accents)])
        for start, end in zip(starts, ends, strict=True)
    ]


def _starts(style: str, score: Score, rng: np.random.Generator) -> list[float]:
    n = score.beats_per_bar
    beats = list(range(n))
    eighths = [i / 2 for i in range(2 * n)]
    # drawn in every style, so that later draws do not depend on it
    is_sixteenth = iter(rng.random(3 * n) < 0.6)
    is_drawn = rng.random(2 * n - 1) < 0.25 + 0.5 * np.array(score.accents[1 : 2 * n])
    starts = {
        "quarters": beats,
        "walking": beats,
        "leaping": beats,
        "fifths": beats[::2] if n == 4 else beats,
        "two_feel": beats[::2],
        "boogie": eighths if score.sheet.tempo_bpm < 110 else beats,
        "eighths": eighths,
        "octaves": eighths,
        "offbeats": eighths[1::2],
        "backbeat": [1, 3] if n == 4 else [1, 2],
        "accents": [e for e, accent in zip(eighths, score.accents, strict=False) if accent > 0.55],
        "tresillo": [0, 1.5, 3] if n == 4 else [0, 1.5],
        "charleston": [0, 1.5],
        "push": [0, 1.5, n - 0.5],
        "bossa": [0, 1.5, 2.5] if n == 4 else [0, 1, 2.5],
        "strum": [0, 1, 1.5, 2.5, 3, 3.5] if n == 4 else [0, 1, 1.5, 2, 2.5],
        "island": [0, 1, 1.5, 2.5, 3.5] if n == 4 else [0, 1, 2, 2.5],
        "sixteenths": [i / 4 for i in range(4 * n) if i % 4 == 0 or next(is_sixteenth)],
        "drawn": [0, *(e for e, drawn in zip(eighths[1:], is_drawn, strict=True) if drawn)],
    }
    return starts.get(style) or [0]
