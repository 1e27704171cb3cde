"""Pitches by name: what a MIDI pitch is called in a key.

Names lie on the line of fifths: ... B♭ -2, F -1, C 0, G 1 ... F♯ 6 ... A key's signature is the
number of its sharps, or minus that of its flats.
"""

from __future__ import annotations

from collections.abc import Iterable

LETTERS = "FCGDAEB"  # on the line of fifths from -1 on
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# from the signature: the fifths of the lowest name of a note that is no part of the key ...
LOWEST = {"major": -4, "minor": -3}
CHORD_LOWEST = -5  # ... and of a chord's root, which is flat rather than sharp
# the least and the most that these may be: no double accidentals, of roots no F flat or E sharp
NOTE_LIMITS = (-8, 0)
CHORD_LIMITS = (-6, -1)
FLATTEST, SHARPEST = -8, 12  # F flat, B sharp
STEPS = (0, 7, 2, -3, 4, -1, -6, 1, 8, 3, -2, 5)  # fifths from a root to other tones, by semitones


def signature(key: int, mode: str) -> int:
    """Sharps, or minus flats, of a key: -5 to 6."""
    major = key + 3 if mode == "minor" else key
    return (7 * major + 5) % 12 - 5


def key_of(fifths: int, mode: str) -> int:
    """Inverse of `signature`: the pitch class of the tonic."""
    return (7 * fifths + (9 if mode == "minor" else 0)) % 12


def note_name(pitch: int, fifths: int, mode: str, place: int | None = None) -> tuple[str, int, int]:
    """Letter, sharps (or minus flats) and octave of a MIDI pitch in a key, or of a name's place on
    the line of fifths.
    """
    letter, alter = _name(
        _place(pitch, fifths + LOWEST[mode], NOTE_LIMITS) if place is None else place
    )
    return letter, alter, (pitch - alter) // 12 - 1


def root_and_bass(root: int, bass: int, fifths: int) -> tuple[tuple[str, int], tuple[str, int]]:
    """Letters and sharps (or minus flats) of a chord's root and bass, pitch classes, in a key."""
    place = _place(root, fifths + CHORD_LOWEST, CHORD_LIMITS)
    bass_place = place + STEPS[(bass - root) % 12]
    bass_place -= 12 * (bass_place > 11) - 12 * (bass_place < -8)
    return _name(place), _name(bass_place)


def tone_places(
    root: int, pitch_classes: Iterable[int], fifths: int, shift: int = 0
) -> dict[int, int]:
    """Places on the line of fifths, `shift` further up, of a chord's tones in a key; of those that
    need no double accidental there.
    """
    place = _place(root, fifths + CHORD_LOWEST, CHORD_LIMITS) + shift
    places = {tone: place + STEPS[(tone - root) % 12] for tone in pitch_classes}
    return {tone: place for tone, place in places.items() if FLATTEST <= place <= SHARPEST}


def pitch_of(letter: str, alter: int, octave: int) -> int:
    """Inverse of `note_name`."""
    return 12 * (octave + 1) + SEMITONES[letter] + alter


def altered(letter: str, fifths: int) -> int:
    """Sharps, or minus flats, that a signature gives a letter."""
    place = LETTERS.index(letter)
    return (fifths + 6 - place) // 7


def _place(pitch: int, lowest: int, limits: tuple[int, int]) -> int:
    """On the line of fifths, of the twelve places from the lowest on."""
    lowest = min(max(lowest, limits[0]), limits[1])
    return lowest + (7 * pitch - lowest) % 12


def _name(place: int) -> tuple[str, int]:
    return LETTERS[(place + 1) % 7], (place + 1) // 7
