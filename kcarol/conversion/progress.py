"""How much of a conversion is done, told block by block to who asked for it.

`telling_progress` opens a scale of 0 to 1 and gives each part of the work its span by what it
costs, `doing` begins a part, and the loops inside say by `advance` how much of their own work is
done. So nothing is handed down through the functions between, and nobody is told who did not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

Progress = Callable[[str, float], object]  # what is being done, and the share of all that is done
Costs = Mapping[str, float]  # of the parts, in their order; only how they compare counts

READING, HEARING, PLAYING, WRITING = "reading", "hearing", "playing", "writing"
# seconds that two cores take for three minutes of song
COSTS = {READING: 0.8, HEARING: 1.4, PLAYING: 4.5, WRITING: 0.3}
COSTS_OF_WRITING = {".ogg": 1.7, ".m4a": 3.0, ".opus": 5.5, ".mp3": 6.0}
COST_OF_STEMS = 10.0  # each group of parts is played alone


def costs_of(
    out: Path, parts: Iterable[str] = tuple(COSTS), with_stems: bool = False
) -> dict[str, float]:
    """Of parts of making a file."""
    costs = COSTS | {
        PLAYING: COSTS[PLAYING] + COST_OF_STEMS * with_stems,
        WRITING: COSTS_OF_WRITING.get(out.suffix.lower(), COSTS[WRITING]),
    }
    return {part: costs[part] for part in parts}


@dataclass(frozen=True)
class Span:
    """A part of the scale, and who is told."""

    tell: Progress
    costs: Costs
    part: str = ""
    start: float = 0.0
    stop: float = 1.0


SPAN: ContextVar[Span | None] = ContextVar("span", default=None)


@contextmanager
def telling_progress(progress: Progress | None, costs: Costs) -> Iterator[None]:
    """Within it, `progress` is told what is done; None: nobody. Shares never fall, and end at 1."""
    if progress is None:
        yield
        return
    told = 0.0

    def tell(part: str, share: float) -> None:
        nonlocal told
        told = max(told, min(share, 1.0))
        progress(part, told)

    token = SPAN.set(Span(tell, costs))
    try:
        yield
        tell(list(costs)[-1], 1.0)
    finally:
        SPAN.reset(token)


@contextmanager
def doing(part: str) -> Iterator[None]:
    """Work inside is this part of the whole."""
    if (outer := SPAN.get()) is None:
        yield
        return
    bounds = pairwise(accumulate(outer.costs.values(), initial=0.0))
    start, stop = dict(zip(outer.costs, bounds, strict=True))[part]
    whole = sum(outer.costs.values())
    token = SPAN.set(replace(outer, part=part))
    try:
        with within(start / whole, stop / whole):
            yield
    finally:
        SPAN.reset(token)


@contextmanager
def within(start: float, stop: float) -> Iterator[None]:
    """Work inside is from `start` to `stop` of the work outside."""
    if (outer := SPAN.get()) is None:
        yield
        return
    length = outer.stop - outer.start
    inner = replace(outer, start=outer.start + start * length, stop=outer.start + stop * length)
    token = SPAN.set(inner)
    try:
        advance(0.0)
        yield
    finally:
        SPAN.reset(token)


def advance(share: float) -> None:
    """Tell that this share of the work inside a span is done."""
    if span := SPAN.get():
        span.tell(span.part, span.start + share * (span.stop - span.start))
