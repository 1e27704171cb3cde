"""Where a bar is struck: as often as the song's bar is, in places that each style likes best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.styles import Line, Rhythm
from kcarol.transcription.lead_sheet import TOLERANCE

MOST_OWED = 2.0  # strokes
TOGETHER = 0.15  # beats: what begins so near to each other is one stroke
SYLLABLE = "syllable"  # of a choir: a consonant, and a vowel that changes
# Onsets that are found where an instrument strikes among others, in renders of the styles: those
# of sustained sounds are mostly hidden
HEARD = {
    "timpani": 1.2,
    "tubular_bells": 1.0,
    "celesta": 1.5,
    "music_box": 1.0,
    "vibraphone": 1.0,
    "piano": 1.3,
    "harp": 0.8,
    "trumpet": 0.75,
    "organ": 0.4,
    "pizzicato": 0.6,
    "strings": 0.2,
    "glockenspiel": 0.6,
    SYLLABLE: 0.4,
}
HARDLY_HEARD = 0.15
# figures that strike at the places of `strokes_of`, at how many of them
FOLLOWING = {"all": 1.0, "broken": 1.0, "peal": 1.0, "off": 1.0, "fill": 1.0, "pulse": 0.5}
MOST_HEARD, LEAST_HEARD = 1.5, 0.8  # of one stroke


def strokes_of(
    bars: Sequence[BarPlan], rhythm: Rhythm, heard: Sequence[float], weights: Sequence[float]
) -> list[tuple[float, ...]]:
    """The places of each bar, in beats, that may be struck, in order.

    `heard`: onsets of what is written anyhow; `weights`: as how many a stroke is heard. What a bar
    has too few or too many of is made up for in the next.
    """
    strokes, owed = [], 0.0
    for bar, others, weight in zip(bars, heard, weights, strict=True):
        owed += bar.n_strokes - others
        n_free = max(0, round(owed / weight))
        free = sorted(bar.parts, key=lambda part: -_worth(bar, part, rhythm))
        if rhythm.along <= 0:
            free = [part for part in free if not is_along(bar, part)]
        struck = free[:n_free]
        owed = min(max(owed - weight * len(struck), -MOST_OWED), MOST_OWED)
        strokes.append(tuple(sorted(struck)))
    return strokes


def heard_onsets(bars: Sequence[BarPlan], starts: Iterable[tuple[float, str]]) -> list[float]:
    """Of each bar, of all that begins there; `starts`: beats, and names of instruments, or
    SYLLABLE.
    """
    heard = np.zeros(len(bars))
    edges = [bar.start - TOGETHER for bar in bars]
    place, together = -np.inf, 0.0
    for beat, name in sorted(starts):
        if beat - place > TOGETHER:
            place, together = beat, 0.0
        more = min(HEARD.get(name, HARDLY_HEARD), MOST_HEARD - together)
        together += more
        heard[np.searchsorted(edges, place, side="right") - 1] += more
    return heard.tolist()


def stroke_heard(bar: BarPlan, lines: Iterable[Line]) -> float:
    """As how many onsets a stroke in a bar is heard."""
    shares = {
        line.instrument.name: FOLLOWING[line.figure]
        for line in lines
        if line.figure in FOLLOWING and line.plays_in(bar)
    }
    heard = sum(share * HEARD.get(name, HARDLY_HEARD) for name, share in shares.items())
    return min(max(heard, LEAST_HEARD), MOST_HEARD)


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
