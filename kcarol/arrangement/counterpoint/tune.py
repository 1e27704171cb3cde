"""The tune of a carol: a song's notes in one register, and its phrases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way
from kcarol.transcription.lead_sheet import TOLERANCE, Note

OCTAVE = 12
# MIDI, C4 to A5: where carols are sung, and the pitch that the middle of a tune comes nearest to
LOWEST, HIGHEST, CENTRE = 60, 81, 71
BREATH = 0.9  # beats: so long a rest ends a phrase
SHORT_BREATH, LONG_PHRASE = 0.45, 8.0  # beats: after so long a phrase a shorter rest ends it
SHIFTS = OCTAVE * np.arange(-3, 4)  # of single notes and phrases, semitones


@dataclass(frozen=True)
class RegisterCosts:
    """What keeps a tune in one register: moving notes by octaves against leaps and distance.

    An octave leap that goes on in its new register stays; a phrase by another singer does not.
    """

    change: float = 0.92  # of the octaves by which notes are moved, from one to the next
    change_at_rest: float = 0.8
    leap: float = 0.16  # each semitone beyond a fifth
    far: float = 0.04  # each beat and semitone beyond NEAR from the middle of the song


REGISTER = RegisterCosts()
QUICK_S, ON_BEAT = 0.3, 0.15  # a repeat so soon after the stroke; beats off a beat, at most
FIFTH, NEAR = 7, 9  # semitones
STRAY = 10  # semitones above or below both neighbours: heard in the wrong octave
MOST_STRAY = 3  # notes in a row


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


def tied(notes: Iterable[Note]) -> tuple[Note, ...]:
    """A line, neighbours of one pitch as one note."""
    out: list[Note] = []
    for note in notes:
        last = out[-1] if out else None
        if last is not None and last.pitch == note.pitch and note.start - last.end < TOLERANCE:
            out[-1] = replace(last, length=note.end - last.start)
        else:
            out.append(note)
    return tuple(out)


def rung(notes: Iterable[Note], tempo_bpm: float) -> tuple[Note, ...]:
    """A tune as keys are struck: one that is repeated in a moment, for a short syllable between two
    beats, rings on.
    """
    quick = QUICK_S * tempo_bpm / 60
    out: list[Note] = []
    for note in notes:
        last = out[-1] if out else None
        is_between = abs(note.start - round(note.start)) > ON_BEAT and note.length < quick
        if last and last.pitch == note.pitch and is_between and note.start - last.start < quick:
            out[-1] = replace(last, length=note.end - last.start)
        else:
            out.append(note)
    return tuple(out)


def on_beats(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes of a tune that begin on a beat, or last for one; repeats of them ring on."""
    out: list[Note] = []
    for note in notes:
        last = out[-1] if out else None
        if note.length >= 1 - ON_BEAT or abs(note.start - round(note.start)) <= ON_BEAT:
            out.append(note)
        elif last and last.pitch == note.pitch and note.start - last.end < TOLERANCE:
            out[-1] = replace(last, length=note.end - last.start)
    return tuple(out)


def in_one_register(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes of a song as one voice sings them, one at a time, within about LOWEST to HIGHEST.

    Few notes that are an octave off both neighbours are moved, then phrases that are off the rest,
    then the whole tune by octaves.
    """
    sung = _one_at_a_time(notes)
    if not sung:
        return ()
    pitch = np.array(_without_strays([note.pitch for note in sung]))
    length = np.array([note.length for note in sung])
    pitch += _shifts(sung, pitch, length)
    pitch += _shift_to_range(pitch, length)
    return tuple(replace(note, pitch=p) for note, p in zip(sung, pitch.tolist(), strict=True))


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


def _without_strays(pitch: Sequence[int]) -> list[int]:
    """Pitches; few that leap up and back by about octaves, or down and back, do not."""
    out = list(pitch)
    for width in range(1, MOST_STRAY + 1):
        for first in range(1, len(out) - width):
            rises = out[first - 1] - out[first], out[first + width] - out[first + width - 1]
            nearest = min(rises, key=abs)
            if min(rises) >= STRAY or max(rises) <= -STRAY:
                shift = OCTAVE * round(nearest / OCTAVE)
                out[first : first + width] = [p + shift for p in out[first : first + width]]
    return out


def _middle(pitch: np.ndarray, length: np.ndarray) -> int:
    """The pitch below which half of the time is sung."""
    order = np.argsort(pitch, kind="stable")
    sung = np.cumsum(length[order])
    return int(pitch[order][np.searchsorted(sung, sung[-1] / 2)])


def _shifts(notes: Sequence[Note], pitch: np.ndarray, length: np.ndarray) -> np.ndarray:
    """(N,) semitones, the cheapest by REGISTER together."""
    distance = np.abs(pitch[:, None] + SHIFTS - _middle(pitch, length))
    costs = REGISTER.far * length[:, None] * (distance - NEAR).clip(0)
    leaps = np.diff(pitch)[:, None, None] + SHIFTS - SHIFTS[:, None]
    rests = np.array([b.start - a.end >= BREATH - TOLERANCE for a, b in pairwise(notes)], bool)
    change = np.where(rests, REGISTER.change_at_rest, REGISTER.change)[:, None, None]
    ways = REGISTER.leap * (np.abs(leaps) - FIFTH).clip(0) + change * (SHIFTS != SHIFTS[:, None])
    return SHIFTS[cheapest_way(list(costs), list(ways))]


def _shift_to_range(pitch: np.ndarray, length: np.ndarray) -> int:
    """Octaves in semitones that bring most of the tune into range, and its middle near CENTRE."""
    middle = _middle(pitch, length)

    def cost(shift: int) -> float:
        outside = (LOWEST - pitch - shift).clip(0) + (pitch + shift - HIGHEST).clip(0)
        return float((outside * length).sum() / length.sum() + abs(middle + shift - CENTRE) / 12)

    return min(range(-5 * OCTAVE, 6 * OCTAVE, OCTAVE), key=cost)
