"""Kinds of cases, and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kcarol.corpus.distributions import draw_value
from kcarol.corpus.tables import read_table


@dataclass(frozen=True)
class Settings:
    """What is drawn for one case of a kind, in this order; `kinds.ini` explains each."""

    voice: str
    lead_s: float
    tail_s: float
    curve: str
    metres: tuple[str, ...]
    bpm: float
    bars: int
    passages: int
    gap_s: float
    swing: float
    cents: float
    wander_cents: float
    vibrato_cents: float
    texture: str

    @classmethod
    def draw(cls, kind: str, rng: np.random.Generator) -> Settings:
        section = section_of(kind)
        drawn: dict[str, Any] = {
            name: draw_value(rng, section[name]) for name in cls.__dataclass_fields__
        }
        whole = {name: int(drawn[name]) for name in ("bars", "passages")}
        return cls(**drawn | whole | {"metres": tuple(drawn["metres"].split(","))})


def all_kinds() -> dict[str, int]:
    """The names of all kinds, in the order of the table, and how many pieces each has."""
    table = read_table("cases", "kinds.ini")
    return {name: int(table[name]["pieces"]) for name in table.sections()}


def section_of(kind: str) -> Mapping[str, str]:
    """The settings of a kind as written. Raises ValueError, which names all, for another one."""
    table = read_table("cases", "kinds.ini")
    if kind not in table.sections():
        raise ValueError(f"expected one of {', '.join(all_kinds())}, found {kind!r}")
    return table[kind]
