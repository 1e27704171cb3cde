"""How much of some work is done, told to whoever asks.

What takes long has an argument `progress`, and calls it with the share of its own work that is
done, 0 to 1. What takes two such steps gives each a part of its own:

    samples = read(song, within(progress, 0.0, 0.3))
    return played(samples, within(progress, 0.3, 1.0))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Progress = Callable[[float], object]
# told which part is being done, and the share of all that is done
PartProgress = Callable[[str, float], object]

READING, HEARING, PLAYING, WRITING = "reading", "hearing", "playing", "writing"
# seconds that two cores take for three minutes of song
COSTS = {READING: 0.8, HEARING: 1.4, PLAYING: 4.5, WRITING: 0.3}
COSTS_OF_WRITING = {".ogg": 1.7, ".m4a": 3.0, ".opus": 5.5, ".mp3": 6.0}
COST_OF_STEMS = 10.0  # each group of parts is played alone


def untold(share: float) -> None:
    """Of work that nobody asks about."""


def within(progress: Progress, start: float, stop: float) -> Progress:
    """Of a step of the work, from where these shares of it are done."""
    return lambda share: progress(start + share * (stop - start))


def steps(progress: Progress, n: int, start: float = 0.0, stop: float = 1.0) -> list[Progress]:
    """Of `n` steps, equally long, from `start` to `stop` of the work."""
    length = (stop - start) / n
    return [within(progress, start + i * length, start + (i + 1) * length) for i in range(n)]


def tracked(items: Collection[Item], progress: Progress) -> Iterator[Item]:
    """The items one by one; before each one, the share of those that are done is told."""
    for n_done, item in enumerate(items):
        progress(n_done / len(items))
        yield item
    progress(1.0)


# --- a conversion, for a bar that moves as time does


def costs_of(
    out: Path, parts: Iterable[str] = tuple(COSTS), with_stems: bool = False
) -> dict[str, float]:
    """Of parts of making a file; only how they compare counts."""
    costs = COSTS | {
        PLAYING: COSTS[PLAYING] + COST_OF_STEMS * with_stems,
        WRITING: COSTS_OF_WRITING.get(out.suffix.lower(), COSTS[WRITING]),
    }
    return {name: costs[name] for name in parts}


class Parts:
    """The progress of parts that follow each other. Told shares never fall."""

    def __init__(self, told: PartProgress | None, costs: dict[str, float]):
        """`told`: None if nobody asks. `costs`: of each part, in their order."""
        self.told = told
        whole = sum(costs.values())
        ends = [cost / whole for cost in accumulate(costs.values(), initial=0.0)]
        self.spans = dict(zip(costs, pairwise(ends), strict=True))
        self.done = 0.0

    def begin(self, name: str) -> Progress:
        """The progress of a part, which begins now."""
        progress = within(partial(self._tell, name), *self.spans[name])
        progress(0.0)
        return progress

    def _tell(self, name: str, share: float) -> None:
        self.done = max(self.done, min(share, 1.0))
        if self.told is not None:
            self.told(name, self.done)
