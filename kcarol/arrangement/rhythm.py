"""Where a bar is struck: as often as the song's bar is, in places that each style likes best."""

from __future__ import annotations

from collections.abc import Sequence

from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.styles import Rhythm
from kcarol.transcription.lead_sheet import TOLERANCE

MOST_OWED = 2.0  # strokes
TOGETHER = 0.15  # beats: what begins so near to each other is one stroke


def strokes_of(bars: Sequence[BarPlan], rhythm: Rhythm) -> list[tuple[float, ...]]:
    """The places of each bar, in beats, that may be struck, in order.

    What a bar has too few or too many of is made up for in the next.
    """
    strokes, owed = [], 0.0
    for bar in bars:
        owed += rhythm.share * bar.n_strokes - rhythm.tune * len(bar.tune)
        n_free = max(0, round(owed))
        free = sorted(bar.parts, key=lambda part: -_worth(bar, part, rhythm))
        if rhythm.along <= 0:
            free = [part for part in free if not is_along(bar, part)]
        struck = free[:n_free]
        owed = min(max(owed - len(struck), -MOST_OWED), MOST_OWED)
        strokes.append(tuple(sorted(struck)))
    return strokes


def is_along(bar: BarPlan, beat: float) -> bool:
    """Whether a note of the tune begins there."""
    return any(abs(note.start - beat) < TOGETHER for note in bar.tune)


def is_beat(bar: BarPlan, beat: float) -> bool:
    return abs((beat - bar.beat) - round(beat - bar.beat)) < TOLERANCE


def is_strong(bar: BarPlan, beat: float) -> bool:
    """On the bar's first beat, or at its half."""
    place = beat - bar.start
    return place < TOLERANCE or abs(place - half_of(bar)) < TOLERANCE


def half_of(bar: BarPlan) -> float:
    """Beats to the second half of a bar; odd bars have none."""
    return bar.length / 2 if bar.length % 2 == 0 else bar.length


def _worth(bar: BarPlan, beat: float, rhythm: Rhythm) -> float:
    worth = rhythm.accent * (beat in bar.accents) + rhythm.along * is_along(bar, beat)
    if beat - bar.start < TOLERANCE:
        return worth + rhythm.down
    if is_strong(bar, beat):
        return worth + rhythm.half
    return worth + (rhythm.beat if is_beat(bar, beat) else rhythm.off)
