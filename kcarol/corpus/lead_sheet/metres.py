"""The metres of composed songs, as `composing.ini` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import SectionProxy
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.distributions import draw_value
from kcarol.corpus.tables import LazyTable, floats, read_table, rows

PLAIN_SHARES = {"4/4": 0.85, "3/4": 0.15}  # of songs, where only the usual metres are drawn


@dataclass(frozen=True)
class MetreKind:
    """A metre that songs are composed in."""

    beats: int  # a bar
    division: int  # parts of a beat
    share: float  # of songs
    tempo: str  # a distribution of beats a minute
    tempi: tuple[float, ...]  # the lowest and the highest
    to: tuple[str, ...]  # metres that a section may change to
    accents: tuple[tuple[float, ...], ...]  # grooves: how strong each part of a bar is

    def draw_tempo(self, rng: np.random.Generator) -> float:
        """Beats a minute."""
        return float(np.round(np.clip(draw_value(rng, self.tempo), *self.tempi), 1))


def _read_metres() -> dict[str, MetreKind]:
    table = read_table("lead_sheet", "composing.ini")
    names = [name for name in table.sections() if name.startswith("metre ")]
    return {name.removeprefix("metre "): _read_metre(table[name]) for name in names}


def _read_metre(written: SectionProxy) -> MetreKind:
    return MetreKind(
        written.getint("beats"),
        written.getint("division"),
        written.getfloat("share"),
        written["tempo"],
        floats(written["tempi"]),
        tuple(written["to"].split()),
        tuple(floats(row) for row in rows(written["accents"])),
    )


METRES: Mapping[str, MetreKind] = LazyTable(_read_metres)  # by name, as 6/8


def composed_accents(beats_per_bar: int, division: int = 2) -> list[tuple[float, ...]]:
    """Grooves of composed songs in a metre: how strong each part of a bar is.

    For a metre that none is composed in, one with a stroke on each beat.
    """
    for kind in METRES.values():
        if (kind.beats, kind.division) == (beats_per_bar, division):
            return list(kind.accents)
    beat = (0.6,) + (0.2,) * (division - 1)
    return [(1.0, *beat[1:], *(beat * (beats_per_bar - 1)))]
