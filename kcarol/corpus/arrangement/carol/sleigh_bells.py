"""Sleigh bells, which General MIDI lacks."""

from __future__ import annotations

import numpy as np

from kcarol.corpus.arrangement.carol.styles import CarolStyle
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, TimeGrid

ALONE_DB = -12.0  # where nothing else sounds
FROM_ENERGY = 0.4  # of the sections in which they play on the beat
FULL_ENERGY = 0.8  # at which they have their level
DB_PER_ENERGY = 12.0


def sleigh_bells(
    sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, sample_rate: int, n_samples: int
) -> np.ndarray:
    """(T,) sleigh bells: on the beat in styles that have them; on the groove's strokes where a song
    has only drums, in every style.
    """
    out = np.zeros(n_samples, np.float32)
    jingle = _jingle(sample_rate)
    for beat, level_db in [*_on_the_beat(sheet, style), *_where_drums_are_alone(sheet)]:
        start = round(float(grid.time_s(beat)) * sample_rate)
        piece = jingle[: max(0, n_samples - start)]
        out[start : start + len(piece)] += 10 ** (level_db / 20) * piece
    return out


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


def _jingle(sample_rate: int) -> np.ndarray:
    """One shake: many small inharmonic bells, their strokes spread over some 30 ms."""
    rng = np.random.default_rng(25)
    t = np.arange(round(0.35 * sample_rate)) / sample_rate
    sound = np.zeros_like(t)
    for _ in range(24):
        since_s = t - rng.uniform(0, 0.03)
        frequency_hz = rng.uniform(2800, 7600)
        decay_s = rng.uniform(0.03, 0.12)
        bell = np.exp(-since_s / decay_s) * np.sin(2 * np.pi * frequency_hz * since_s)
        sound += np.where(since_s > 0, bell, 0) * rng.uniform(0.3, 1)
    return (sound / np.abs(sound).max()).astype(np.float32)
