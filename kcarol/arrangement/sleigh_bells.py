"""Sleigh bells, which General MIDI lacks: one key of an instrument of their own."""

from __future__ import annotations

import numpy as np

from kcarol.arrangement.styles import BY_NAME, CarolStyle
from kcarol.model.instruments import SLEIGH_BELLS, SLEIGH_KEY
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Part, Stroke, TimeGrid

ALONE_DB = -12.0  # where nothing else sounds
FROM_ENERGY = 0.4  # of the sections in which they play on the beat
FULL_ENERGY = 0.8  # at which they have their level
DB_PER_ENERGY = 12.0
SHAKE_S = 0.35


def sleigh_bells(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle) -> Part:
    """Sleigh bells: on the beat in styles that have them; on the groove's strokes where a song has
    only drums, in every style.
    """
    shakes = [*_on_the_beat(sheet, style), *_where_drums_are_alone(sheet)]
    strokes = (
        Stroke(float(grid.time_s(beat)), SHAKE_S, SLEIGH_KEY, _velocity(level_db))
        for beat, level_db in sorted(shakes)
    )
    pan = BY_NAME[SLEIGH_BELLS].pan
    return Part(SLEIGH_BELLS, tuple(strokes), is_drums=True, pan=pan)


def _velocity(level_db: float) -> int:
    return int(np.clip(127 * 10 ** (level_db / 40), 1, 127))


def _on_the_beat(sheet: LeadSheet, style: CarolStyle) -> list[tuple[float, float]]:
    """(beat, level in dB): softer off the first beat of the bar."""
    if style.sleigh_db is None:
        return []
    shakes = []
    for beat in range(int(sheet.n_beats)):
        if sheet.energy_at(beat) >= FROM_ENERGY:
            level_db = style.sleigh_db + _energy_db(sheet, beat)
            shakes.append((beat, level_db - (3 if sheet.metre_at(beat).place(beat) else 0)))
    return shakes


def _where_drums_are_alone(sheet: LeadSheet) -> list[tuple[float, float]]:
    """(beat, level in dB) of the groove's strokes where chords are silent."""
    silent = [chord for chord in sheet.chords if chord.silent]
    return [
        (beat, ALONE_DB + _energy_db(sheet, beat))
        for beat in (sheet.part_starts() if silent else ())
        if any(chord.start - TOLERANCE <= beat < chord.end - TOLERANCE for chord in silent)
        and sheet.is_accented(beat)
    ]


def _energy_db(sheet: LeadSheet, beat: float) -> float:
    return DB_PER_ENERGY * (sheet.energy_at(beat) - FULL_ENERGY)
