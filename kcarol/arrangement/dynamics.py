"""How hard strokes are: bars as loud against each other as the song's are, the tune on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.arrangement.balance import SOUNDS_DB, balanced, shares
from kcarol.arrangement.figures import Tone
from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.played_notes import VELOCITY_DB
from kcarol.arrangement.styles import Line

SOFTEST, HARDEST = 14, 124  # MIDI velocities
TUTTI_DB = -9.0  # level of an instrument without a gain of its own in a loud bar, re 127
MOST_CORRECTION_DB = 10.0


def velocities(
    lines: Sequence[Line], tones: Sequence[Sequence[Tone]], bars: Sequence[BarPlan]
) -> list[list[int]]:
    """MIDI velocity of every tone of every line."""
    levels_db = balanced(lines, tones, bars)
    bars_db = np.array([bar.level_db for bar in bars]) - _together_db(lines, tones, levels_db, bars)
    return [
        [
            _velocity(own_db + bars_db[tone.bar.number])
            for tone, own_db in zip(some, own, strict=True)
        ]
        for some, own in zip(tones, levels_db, strict=True)
    ]


def _velocity(level_db: float) -> int:
    return int(np.clip(round(127 * 10 ** ((level_db + TUTTI_DB) / VELOCITY_DB)), SOFTEST, HARDEST))


def _together_db(
    lines: Sequence[Line],
    tones: Sequence[Sequence[Tone]],
    levels_db: Sequence[Sequence[float]],
    bars: Sequence[BarPlan],
) -> np.ndarray:
    """(N,) by how much all instruments together are louder in each bar than in most loud ones."""
    of_lines = zip(lines, tones, levels_db, strict=True)
    power = sum((_power(*of_line, bars) for of_line in of_lines), np.zeros(len(bars)))
    sounding = power > 0
    if not sounding.any():
        return power
    together_db = 10 * np.log10(np.where(sounding, power, 1.0))
    scenes = np.array([bar.scene for bar in bars])
    full = sounding & (scenes == scenes[sounding].max())
    together_db = np.where(sounding, together_db - np.median(together_db[full]), 0.0)
    return np.clip(_smooth(together_db), -MOST_CORRECTION_DB, MOST_CORRECTION_DB)


def _power(
    line: Line, tones: Sequence[Tone], levels_db: Sequence[float], bars: Sequence[BarPlan]
) -> np.ndarray:
    """(N,) mean power of a line in each bar."""
    power = np.zeros(len(bars))
    sounds_db = SOUNDS_DB.get(line.instrument.name, 0.0)
    for tone, level_db in zip(tones, levels_db, strict=True):
        own = 10 ** ((level_db + sounds_db) / 10)
        for number, share in shares(tone, line.instrument.rings, bars):
            power[number] += own * share
    return power


def _smooth(levels_db: np.ndarray) -> np.ndarray:
    padded = np.pad(levels_db, 1, mode="edge")
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
