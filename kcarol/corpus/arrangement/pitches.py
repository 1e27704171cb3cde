"""Pitches near a centre, along a scale, and of a chord voicing; the register of a tune."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kcarol.config import TUNE_CENTRE
from kcarol.transcription.lead_sheet import Chord, Note


def tune_shift(notes: Iterable[Note]) -> int:
    """Octaves in semitones that bring a tune's median nearest to TUNE_CENTRE."""
    pitches = [note.pitch for note in notes]
    return 12 * round((TUNE_CENTRE - float(np.median(pitches))) / 12) if pitches else 0


def nearest_pitch(pitch_class: int, centre: float) -> int:
    """MIDI pitch of a pitch class nearest to `centre`."""
    return int(pitch_class + 12 * round((centre - pitch_class) / 12))


def nearest_tone(chord: Chord, centre: float, ceiling: float = np.inf) -> int:
    """MIDI pitch of the chord tone nearest to `centre`, preferably not above `ceiling`."""
    pitches = (nearest_pitch(pc, centre) for pc in chord.pitch_classes)
    return min(pitches, key=lambda pitch: abs(pitch - centre) + 20 * (pitch > ceiling))


def scale_step(pitch: float, steps: int, scale: Iterable[int]) -> int:
    """MIDI pitch `steps` degrees of the scale above (below: negative) `pitch`."""
    pitch = int(pitch)
    direction = 1 if steps > 0 else -1
    for _ in range(abs(steps)):
        pitch += direction
        while pitch % 12 not in scale:
            pitch += direction
    return pitch


def voicing_of(chord: Chord, centre: float, kind: str) -> tuple[int, ...]:
    """MIDI pitches of a chord around `centre`, low to high; kinds: close, open, power, guitar."""
    if kind == "power":
        root = nearest_pitch(chord.root, centre - 12)
        fifth = root + (chord.pitch_classes[2] - chord.root) % 12
        return (root, fifth, root + 12)
    if kind == "guitar":
        return _guitar_strings(chord)
    close = sorted(nearest_pitch(pc, centre) for pc in chord.pitch_classes)
    if kind == "open" and len(close) > 2:
        close[1] -= 12
    return tuple(sorted(close))


def _guitar_strings(chord: Chord) -> tuple[int, ...]:
    """Five strings, each on the next tone above, preferably one that does not sound yet."""
    strings = [nearest_pitch(chord.bass_class, 43)]
    while len(strings) < 5:
        above = range(strings[-1] + 3, strings[-1] + 15)
        tones = [pitch for pitch in above if pitch % 12 in chord.pitch_classes]
        sounding = {string % 12 for string in strings}
        fresh = [p for p in tones if p % 12 not in sounding and p < tones[0] + 6]
        strings.append((fresh or tones)[0])
    return tuple(strings)
