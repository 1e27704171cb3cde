"""Sleigh bells: they follow the strokes of the song, in the scenes in which a style has them."""

from __future__ import annotations

from collections.abc import Sequence

from kcarol.arrangement.figures import Tone
from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.styles import BY_NAME, CarolStyle, Line
from kcarol.model.instruments import SLEIGH_BELLS, SLEIGH_KEY

SHAKE_BEATS = 0.5
BARE_GAIN_DB = -8.0  # in styles without sleigh bells, where no chord is known


def sleigh_line(style: CarolStyle) -> Line:
    scenes, gain_db = style.sleigh or (range(0), BARE_GAIN_DB)
    return Line(BY_NAME[SLEIGH_BELLS], "", "all", scenes, gain_db=gain_db)


def sleigh_tones(
    line: Line, bars: Sequence[BarPlan], strokes: Sequence[tuple[float, ...]]
) -> list[Tone]:
    """Shakes with the strokes of the band; on all strokes of the song where no chord is known."""
    return [
        Tone(place, SHAKE_BEATS, SLEIGH_KEY, bar)
        for bar in bars
        for place in _places(line, bar, strokes[bar.number])
    ]


def _places(line: Line, bar: BarPlan, strokes: Sequence[float]) -> list[float]:
    if bar.is_still or bar.is_final:
        return []
    if bar.is_bare:
        return sorted(bar.accents)
    return list(strokes) if line.plays_in(bar) else []
