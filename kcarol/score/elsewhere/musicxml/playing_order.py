"""The order in which the measures of a score are played: repeats, endings, D.C. and D.S."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from kcarol.score.elsewhere.written import Unplayable

if TYPE_CHECKING:
    from music21.bar import Barline
    from music21.base import Music21Object
    from music21.stream import Measure, Part

MOST_MEASURES = 10_000  # as played
MOST_TIMES = 8  # that a repeat is played
DEEPEST = 2  # repeats in each other


def playing_order(parts: Sequence[Part]) -> list[int]:
    """Numbers of measures, 0 the first, as played, by what the first part says of repeats.

    Unplayable for repeats that do not close.
    """
    from music21 import repeat
    from music21.exceptions21 import Music21Exception

    measures = [list(part.getElementsByClass("Measure")) for part in parts]
    _check_depth(measures[0])
    outline = _outline(parts[0], measures)
    try:
        played = repeat.Expander(outline).process().getElementsByClass("Measure")
        order = [int(measure.groups[0]) for measure in played]
    except (Music21Exception, IndexError) as error:
        raise Unplayable(
            "repeats that close",
            "a repeat, an ending or a D.S. without its counterpart",
            "complete it, or write the repeats out",
        ) from error
    if len(order) > MOST_MEASURES:
        raise Unplayable(f"at most {MOST_MEASURES} bars", f"{len(order)}", "give a shorter piece")
    return order


def _check_depth(measures: Sequence[Measure]) -> None:
    """Unplayable for repeats in repeats in repeats, which multiply."""
    depth = 0
    for barline in chain.from_iterable((m.leftBarline, m.rightBarline) for m in measures):
        if "Repeat" in getattr(barline, "classSet", ()):
            depth = depth + 1 if barline.direction == "start" else max(0, depth - 1)
        if depth > DEEPEST:
            raise Unplayable(
                "repeats that close", f"{depth} open at once", "complete them, or write them out"
            )


def _outline(part: Part, measures: Sequence[Sequence[Measure]]) -> Part:
    """A part of empty measures, numbered from 0, with the repeats, endings and signs of a score."""
    from music21 import spanner, stream

    outline = stream.Part()
    outlined = {}
    for number, measure in enumerate(measures[0]):
        empty = stream.Measure(number=number)
        empty.groups.append(str(number))  # copies keep it, but not the number
        empty.leftBarline = _repeat(measure.leftBarline)
        empty.rightBarline = _repeat(measure.rightBarline)
        for sign in _signs(measures, number):
            empty.insert(0, sign)
        outline.append(empty)
        outlined[id(measure)] = empty
    for bracket in part.recurse().getElementsByClass("RepeatBracket"):
        inside = [outlined[id(m)] for m in bracket.getSpannedElements() if id(m) in outlined]
        if inside:
            outline.insert(0, spanner.RepeatBracket(inside, number=bracket.number))
    return outline


def _repeat(barline: Barline | None) -> Barline | None:
    """A new repeat, if a barline is one."""
    from music21 import bar

    if not isinstance(barline, bar.Repeat):
        return None
    times = barline.times
    if times is not None and times > MOST_TIMES:
        raise Unplayable(f"repeats of at most {MOST_TIMES} times", f"one of {times}", "write fewer")
    return bar.Repeat(direction=barline.direction, times=times)


def _signs(measures: Sequence[Sequence[Measure]], number: int) -> list[Music21Object]:
    """Segno, coda, D.C. and the like of a measure, each once: parts may all have them."""
    found: dict[type, Music21Object] = {}
    for column in measures:
        if number < len(column):
            for sign in column[number].getElementsByClass("RepeatExpression"):
                found.setdefault(type(sign), type(sign)())
    return list(found.values())
