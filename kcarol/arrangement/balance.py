"""The tune on top: how much softer than its lines all others are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kcarol.arrangement.counterpoint.tune import OCTAVE
from kcarol.arrangement.figures import Tone
from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.rhythm import is_beat
from kcarol.arrangement.styles import Line
from kcarol.transcription.lead_sheet import TOLERANCE

DOWN_DB, BEAT_DB, OFF_DB, ACCENT_DB = 1.0, 0.0, -1.5, 1.0
STRUCK_BEATS = 0.7  # for which a struck string or bell counts
# by which all lines with the tune together are above all octaves of any tone of the harmony
TUNE_OVER_DB = 6.0
N_KEYS = 11 * OCTAVE  # MIDI keys in whole octaves
BRIEF = 0.05  # share of a bar for which a tone is too short to hide the tune
# loudness of one note of half a second, as sampled, re the strings' (K-weighted, equal velocities,
# mean from C3 to C5, or of the keys nearest to these)
SOUNDS_DB = {
    "celesta": -3,
    "glockenspiel": -2,
    "music_box": -9,
    "vibraphone": -2,
    "tubular_bells": 1,
    "piano": -3,
    "harp": -1,
    "guitar": -1,
    "choir": -3,
    "cello": 2,
    "pizzicato": -4,
    "flute": 2,
    "oboe": 3,
    "clarinet": 2,
    "horn": 3,
    "trumpet": 3,
    "trombone": 8,
    "timpani": -3,
    "sleigh_bells": -11,
}


def balanced(
    lines: Sequence[Line], tones: Sequence[Sequence[Tone]], bars: Sequence[BarPlan]
) -> list[list[float]]:
    """Level in dB of every tone of every line: the tune's as the style has it, the others' as much
    lower as it takes to hear the tune above them.
    """
    levels_db = [
        [level_db_of(line, tone) for tone in some] for line, some in zip(lines, tones, strict=True)
    ]
    too_loud_db = _too_loud_db(lines, tones, levels_db, bars)
    return [
        own
        if line.is_tune
        else [
            own_db - max(_in_bars(too_loud_db, tone, line, bars), default=0.0)
            for tone, own_db in zip(some, own, strict=True)
        ]
        for line, some, own in zip(lines, tones, levels_db, strict=True)
    ]


def level_db_of(line: Line, tone: Tone) -> float:
    """By the line, the place in the bar, and what the song strikes."""
    accent_db = ACCENT_DB if tone.start in tone.bar.accents else 0.0
    if abs(tone.start - tone.bar.start) < TOLERANCE:
        return line.gain_db + accent_db + DOWN_DB
    is_heavy = line.is_tune or is_beat(tone.bar, tone.start)
    return line.gain_db + accent_db + (BEAT_DB if is_heavy else OFF_DB)


def _too_loud_db(
    lines: Sequence[Line],
    tones: Sequence[Sequence[Tone]],
    levels_db: Sequence[Sequence[float]],
    bars: Sequence[BarPlan],
) -> np.ndarray:
    """(12, N) by how much each pitch class, in all octaves, is too loud beside the tune of a bar.

    The ear takes octaves for one tone, so doublings of it add up.
    """
    tune, harmony = np.zeros(len(bars)), np.zeros((OCTAVE, len(bars)))
    for line, some, own in zip(lines, tones, levels_db, strict=True):
        keys = _keys(line, some, own, bars)
        if line.is_tune:
            tune += keys.sum(0) / (keys > 0).sum(0).clip(1)
        else:
            harmony += keys.reshape(-1, OCTAVE, len(bars)).sum(0)
    both = (tune > 0) & (harmony > 0)
    over_db = 20 * np.log10(np.divide(harmony, tune, out=np.full(harmony.shape, 1e-9), where=both))
    return (over_db + TUNE_OVER_DB).clip(0)


def _keys(
    line: Line, tones: Sequence[Tone], levels_db: Sequence[float], bars: Sequence[BarPlan]
) -> np.ndarray:
    """(128 and more, N) amplitude of the loudest tone that a line has on each key in each bar."""
    keys = np.zeros((N_KEYS, len(bars)))
    sounds_db = SOUNDS_DB.get(line.instrument.name, 0.0)
    for tone, level_db in zip(tones, levels_db, strict=True):
        amplitude = 10 ** ((level_db + sounds_db) / 20)
        for number, share in shares(tone, line.instrument.rings, bars):
            if share > BRIEF:
                keys[tone.pitch, number] = max(keys[tone.pitch, number], amplitude)
    return keys


def _in_bars(values: np.ndarray, tone: Tone, line: Line, bars: Sequence[BarPlan]) -> list[float]:
    """What a tone's pitch class has in the bars in which it sounds, of values (12, N)."""
    numbers = [number for number, _ in shares(tone, line.instrument.rings, bars)]
    return values[tone.pitch % OCTAVE, numbers].tolist()


def shares(tone: Tone, rings: bool, bars: Sequence[BarPlan]) -> Iterator[tuple[int, float]]:
    """Bars in which a tone sounds, and in what share of each."""
    end = min(tone.end, tone.start + STRUCK_BEATS) if rings else tone.end
    for bar in bars[tone.bar.number :]:
        if bar.start >= end:
            return
        yield bar.number, max(0.0, min(end, bar.end) - max(tone.start, bar.start)) / bar.length
