"""How hard strokes are: bars as loud against each other as the song's are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kcarol.arrangement.figures import Tone
from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.rhythm import is_beat
from kcarol.arrangement.score import VELOCITY_DB
from kcarol.arrangement.styles import Line
from kcarol.transcription.lead_sheet import TOLERANCE

SOFTEST, HARDEST = 14, 124  # MIDI velocities
TUTTI_DB = -9.0  # level of an instrument without a gain of its own in a loud bar, re 127
MOST_CORRECTION_DB = 10.0
DOWN_DB, BEAT_DB, OFF_DB, ACCENT_DB = 1.0, 0.0, -1.5, 1.0
STRUCK_BEATS = 0.7  # for which a struck string or bell counts
# loudness of one note, as sampled, re most instruments' (K-weighted, equal velocities)
SOUNDS_DB = {
    "celesta": -2,
    "music_box": -8,
    "piano": -3,
    "pizzicato": -6,
    "choir": -3,
    "oohs": -2,
    "trombone": 3,
    "trumpet": 2,
    "flute": 1,
    "oboe": 1,
}


def velocities(
    lines: Sequence[Line], tones: Sequence[Sequence[Tone]], bars: Sequence[BarPlan]
) -> list[list[int]]:
    """MIDI velocity of every tone of every line."""
    together_db = _together_db(lines, tones, bars)
    bars_db = np.array([bar.level_db for bar in bars]) - together_db
    return [
        [_velocity(level_db_of(line, tone) + bars_db[tone.bar.number]) for tone in some]
        for line, some in zip(lines, tones, strict=True)
    ]


def _velocity(level_db: float) -> int:
    return int(np.clip(round(127 * 10 ** ((level_db + TUTTI_DB) / VELOCITY_DB)), SOFTEST, HARDEST))


def level_db_of(line: Line, tone: Tone) -> float:
    """By the line, the place in the bar, and what the song strikes."""
    accent_db = ACCENT_DB if tone.start in tone.bar.accents else 0.0
    if abs(tone.start - tone.bar.start) < TOLERANCE:
        return line.gain_db + accent_db + DOWN_DB
    return line.gain_db + accent_db + (BEAT_DB if is_beat(tone.bar, tone.start) else OFF_DB)


def _together_db(
    lines: Sequence[Line], tones: Sequence[Sequence[Tone]], bars: Sequence[BarPlan]
) -> np.ndarray:
    """(N,) by how much all instruments together are louder in each bar than in most loud ones."""
    power = np.zeros(len(bars))
    for line, some in zip(lines, tones, strict=True):
        sounds_db = SOUNDS_DB.get(line.instrument.name, 0.0)
        for tone in some:
            own = 10 ** ((level_db_of(line, tone) + sounds_db) / 10)
            for number, share in _shares(tone, line.instrument.rings, bars):
                power[number] += own * share
    sounding = power > 0
    if not sounding.any():
        return power
    together_db = 10 * np.log10(np.where(sounding, power, 1.0))
    scenes = np.array([bar.scene for bar in bars])
    full = sounding & (scenes == scenes[sounding].max())
    together_db = np.where(sounding, together_db - np.median(together_db[full]), 0.0)
    return np.clip(_smooth(together_db), -MOST_CORRECTION_DB, MOST_CORRECTION_DB)


def _shares(tone: Tone, rings: bool, bars: Sequence[BarPlan]) -> Iterator[tuple[int, float]]:
    """Bars in which a tone sounds, and in what share of each."""
    end = min(tone.end, tone.start + STRUCK_BEATS) if rings else tone.end
    for bar in bars[tone.bar.number :]:
        if bar.start >= end:
            return
        yield bar.number, max(0.0, min(end, bar.end) - max(tone.start, bar.start)) / bar.length


def _smooth(levels_db: np.ndarray) -> np.ndarray:
    padded = np.pad(levels_db, 1, mode="edge")
    return (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
