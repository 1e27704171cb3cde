"""The tune of a carol: a song's notes in one register, and its phrases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from kcarol.transcription.lead_sheet import TOLERANCE, Note

OCTAVE = 12
# MIDI, C4 to A5: where carols are sung, and the pitch that the middle of a tune comes nearest to
LOWEST, HIGHEST, CENTRE = 60, 81, 71
BREATH = 0.9  # beats: so long a rest ends a phrase
SHORT_BREATH, LONG_PHRASE = 0.45, 8.0  # beats: after so long a phrase a shorter rest ends it
APART = 8  # semitones from the song's middle: a phrase further off was sung or heard an octave off
SPIKE = 8  # semitones from both neighbours: a note further off may be heard an octave off
MOST_STRAY_NOTES = 3  # in a row, an octave off within a phrase


def phrases(notes: Iterable[Note]) -> tuple[tuple[Note, ...], ...]:
    """Notes between rests: of a beat, or after two bars of any length to breathe in."""
    out: list[list[Note]] = []
    for note in notes:
        if out and not _breathes(out[-1], note.start):
            out[-1].append(note)
        else:
            out.append([note])
    return tuple(map(tuple, out))


def _breathes(phrase: Sequence[Note], next_start: float) -> bool:
    rest = next_start - phrase[-1].end
    is_long = phrase[-1].end - phrase[0].start >= LONG_PHRASE
    return rest >= (SHORT_BREATH if is_long else BREATH) - TOLERANCE


def in_one_register(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes of a song as one voice sings them, within about LOWEST to HIGHEST.

    Whole phrases an octave off the rest are moved (another singer, or a mistake of the hearing),
    then few notes an octave off within a phrase, then the whole tune by octaves.
    """
    sung = phrases(_one_at_a_time(notes))
    if not sung:
        return ()
    middle = _middle(note for phrase in sung for note in phrase)
    moved = [note for phrase in sung for note in _mended(_near(phrase, middle))]
    return tuple(_moved(moved, _octaves_to_range(moved)))


def _one_at_a_time(notes: Iterable[Note]) -> list[Note]:
    """In order; a note ends where the next begins."""
    ordered = sorted(notes, key=_start)
    cut = [
        replace(note, length=min(note.end, following.start) - note.start)
        for note, following in pairwise(ordered)
    ]
    return [note for note in [*cut, *ordered[-1:]] if note.length > TOLERANCE]


def _start(note: Note) -> float:
    return note.start


def _middle(notes: Iterable[Note]) -> float:
    """The pitch below which half of the time is sung."""
    by_pitch = sorted(notes, key=_pitch)
    sung = np.cumsum([note.length for note in by_pitch])
    return by_pitch[int(np.searchsorted(sung, sung[-1] / 2))].pitch


def _pitch(note: Note) -> int:
    return note.pitch


def _near(phrase: Sequence[Note], middle: float) -> list[Note]:
    """A phrase, moved by octaves if its middle is far from the song's."""
    apart = middle - _middle(phrase)
    return _moved(phrase, OCTAVE * round(apart / OCTAVE) if abs(apart) > APART else 0)


def _mended(phrase: list[Note]) -> list[Note]:
    """A phrase whose notes that are an octave off both neighbours are back between them."""
    out = list(phrase)
    for first in range(1, len(out) - 1):
        for last in range(first, min(first + MOST_STRAY_NOTES, len(out) - 1)):
            stray = out[first : last + 1]
            shift = _shift_between(out[first - 1].pitch, stray, out[last + 1].pitch)
            out[first : last + 1] = _moved(stray, shift)
    return out


def _shift_between(before: int, stray: Sequence[Note], after: int) -> int:
    """By how much notes are to move that are SPIKE above or below both of their neighbours."""
    leaps = before - stray[0].pitch, after - stray[-1].pitch
    if min(leaps) >= SPIKE:
        return OCTAVE
    return -OCTAVE if max(leaps) <= -SPIKE else 0


def _octaves_to_range(notes: Sequence[Note]) -> int:
    """Octaves in semitones that bring most of the tune into range, and its middle near CENTRE."""
    pitch = np.array([note.pitch for note in notes])
    length = np.array([note.length for note in notes])
    middle = _middle(notes)

    def cost(shift: int) -> float:
        outside = (LOWEST - pitch - shift).clip(0) + (pitch + shift - HIGHEST).clip(0)
        return float((outside * length).sum() / length.sum() + abs(middle + shift - CENTRE) / 12)

    return min(range(-5 * OCTAVE, 6 * OCTAVE, OCTAVE), key=cost)


def _moved(notes: Iterable[Note], shift: int) -> list[Note]:
    return [replace(note, pitch=note.pitch + shift) for note in notes]
