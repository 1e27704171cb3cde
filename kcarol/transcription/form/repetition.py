"""Which bars of a song are the same music, also a tone higher.

Bars are compared by chords and tune; what is the same comes again for several bars in a row: high
values along the diagonals of the self-similarity matrix (Foote, "Visualizing music and audio using
self-similarity", ACM Multimedia 1999; Goto, "A chorus section detection method", IEEE TASLP 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.transcription.form.bar_features import STILL, BarFeatures

SHIFTS = (0, 1, 2)  # semitones by which what comes again may be higher
SHIFT_COST = 0.1  # of similarity, so that a loop of fifths is not its own transposition
PHRASE_BARS = 4  # in a row, that have to be the same
SAME = 0.75  # similarity of the same music; other music has .3
SLACK = 0.2  # by which a bar may be less similar than its phrase
MOST_BARS = 1024  # compared with each other; a longer piece is taken in parts


@dataclass(frozen=True, eq=False)
class Repetitions:
    """Of N bars: bars of one group are the same music."""

    group: np.ndarray  # (N,) int: number of the first bar that is the same music
    shift: np.ndarray  # (N,) int: semitones above that bar

    def members(self) -> list[np.ndarray]:
        """The bars of each group, also of those that come once only."""
        order = np.argsort(self.group, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.group[order])) + 1)


def repetitions(bars: BarFeatures) -> Repetitions:
    """The earliest bar that each bar is like, over PHRASE_BARS around it."""
    group, shift = np.arange(len(bars)), np.zeros(len(bars), int)
    for first in range(0, len(bars), MOST_BARS):
        piece = bars[first : first + MOST_BARS]
        alike = np.stack([likeness(bar_similarity(piece, s)) - shift_cost(s) for s in SHIFTS])
        for bar in range(1, len(piece)):
            earlier = alike[:, :bar, bar]
            which, like = np.unravel_index(earlier.argmax(), earlier.shape)
            if earlier[which, like] >= SAME:
                group[first + bar] = group[first + like]
                shift[first + bar] = shift[first + like] + SHIFTS[which]
    return Repetitions(group, shift)


def shift_cost(shift: int) -> float:
    return SHIFT_COST if shift else 0.0


def likeness(similarity: np.ndarray) -> np.ndarray:
    """(N, N) of bars -> (N, N): of the phrases around them; one bar may differ by SLACK more."""
    return np.minimum(phrase_similarity(similarity), similarity + SLACK)


def bar_similarity(bars: BarFeatures, shift: int = 0) -> np.ndarray:
    """(N, N), at most 1: of bars (rows) moved up by `shift` semitones to bars (columns).

    The mean of the cosines of chords and tunes; where neither bar has a tune, of chords alone.
    """
    chords = bars.chords - bars.chords.mean(2, keepdims=True)
    of_chords = _cosines(np.roll(chords, shift, 2), chords)
    of_tunes = _cosines(np.roll(bars.tune, shift, 2), bars.tune)
    is_still = bars.sung < STILL
    of_tunes = np.where(is_still[:, None] & is_still, of_chords, of_tunes)
    is_same_length = bars.n_beats[:, None] == bars.n_beats
    return np.where(is_same_length, (of_chords + of_tunes) / 2, 0.0)


def _cosines(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(N, ...) and (N, ...) -> (N, N)."""
    rows, columns = (x.reshape(len(x), -1) for x in (rows, columns))
    rows, columns = (
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9) for x in (rows, columns)
    )
    return rows @ columns.T


def phrase_similarity(similarity: np.ndarray, n_bars: int = PHRASE_BARS) -> np.ndarray:
    """(N, N) of bars -> (N, N): the best mean of `n_bars` in a row among which the two bars are.

    At the ends of a song of fewer.
    """
    n = len(similarity)
    total, count = np.zeros((2, n + n_bars - 1, n + n_bars - 1))
    for late in range(n_bars):  # rows and columns are the last bars of the phrase
        span = slice(late, late + n)
        total[span, span] += similarity
        count[span, span] += 1
    # a phrase that only begins or ends inside the song counts as the part that is inside
    mean = np.where(count >= min(n_bars, n, 2), total / count.clip(1), -1.0)
    spans = (slice(late, late + n) for late in range(n_bars))
    return np.max([mean[span, span] for span in spans], axis=0)
