"""The measures of a score in the order of play, and the bars that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kcarol.score.elsewhere.beats import full_length, joined_bars, with_whole_beats
from kcarol.score.elsewhere.written import WrittenBar
from kcarol.transcription.lead_sheet import TOLERANCE

if TYPE_CHECKING:
    from music21.bar import Barline
    from music21.base import Music21Object
    from music21.stream import Measure

USUAL_METRE = (4, 4)
ROUNDED = 0.2  # quarters, by which a bar may be too long or too short
EDGES = ("double", "final", "heavy-heavy", "heavy-light")  # barlines that part sections

Columns = Sequence[Sequence["Measure"]]  # the measures of each part


@dataclass(frozen=True, eq=False)
class PlayedMeasure:
    """The measures of all parts that sound together."""

    start: float  # quarters, as played
    number: int  # as written, 0 the first
    columns: tuple[Measure | None, ...]  # of each part
    comes_back: bool  # after a repeat or a jump

    def edges(self) -> Iterator[float]:
        """Quarters at which it has a double bar or a repeat."""
        if self.comes_back:
            yield self.start
        for measure in filter(None, self.columns):
            if _is_edge(measure.leftBarline):
                yield self.start
            if _is_edge(measure.rightBarline):
                yield self.start + _sounding_length(measure)


@dataclass(frozen=True, eq=False)
class PlayedMeasures:
    """All of a score."""

    bars: tuple[WrittenBar, ...]
    measures: tuple[PlayedMeasure, ...]
    lead: float  # quarters that the first bar lacks

    @classmethod
    def of(cls, parts: Columns, order: Sequence[int]) -> PlayedMeasures:
        """Of measures whose numbers are played in an order; the last bar ends with a beat."""
        signatures = _signatures(parts)
        bars: list[WrittenBar] = []
        played: list[PlayedMeasure] = []
        start = 0.0
        for place, number in enumerate(order):
            columns = tuple(part[number] if number < len(part) else None for part in parts)
            full = full_length(WrittenBar(0.0, 0.0, *signatures[number]))
            length = _length(columns, full)
            before = max(0.0, full - length) if place == 0 else 0.0
            comes_back = place > 0 and number != order[place - 1] + 1
            played.append(PlayedMeasure(start + before, number, columns, comes_back))
            bars.append(WrittenBar(start, before + length, *signatures[number]))
            start = bars[-1].end
        *whole, last = joined_bars(bars)
        return cls((*whole, with_whole_beats(last)), tuple(played), played[0].start)


def elements(measure: Measure) -> Iterator[tuple[float, Music21Object]]:
    """Everything in a measure with its offset in quarters, in voices too."""
    for element in measure:
        if "Voice" in element.classSet:
            for inner in element:
                yield float(element.offset + inner.offset), inner
        else:
            yield float(element.offset), element


def _length(columns: Sequence[Measure | None], full: float) -> float:
    """Quarters of a bar's notes and rests; of what is rounded, and of an empty bar, all."""
    length = max(map(_sounding_length, filter(None, columns)), default=0.0)
    return full if length <= TOLERANCE or abs(length - full) < ROUNDED else length


def _sounding_length(measure: Measure) -> float:
    ends = (
        offset + float(element.duration.quarterLength)
        for offset, element in elements(measure)
        if "GeneralNote" in element.classSet
    )
    return max(ends, default=0.0)


def _signatures(parts: Columns) -> list[tuple[int, int]]:
    """The time signature of each measure, of whichever part has one."""
    current, out = USUAL_METRE, []
    for number in range(max(map(len, parts))):
        signatures = (part[number].timeSignature for part in parts if number < len(part))
        for signature in signatures:
            if signature is not None and signature.numerator:
                current = (signature.numerator, signature.denominator)
                break
        out.append(current)
    return out


def _is_edge(barline: Barline | None) -> bool:
    return barline is not None and (barline.type in EDGES or "Repeat" in barline.classSet)
