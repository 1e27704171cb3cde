"""What sounds between and after the phrases of a tune: echoes, a drone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from kcarol.arrangement.counterpoint.harmony import SoundingChord, clashes
from kcarol.arrangement.counterpoint.tune import OCTAVE, phrases, tied
from kcarol.arrangement.counterpoint.two_voices import TOGETHER, parallels
from kcarol.arrangement.voices import FourParts
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Note

ECHO_REST = 1.9  # beats: so long a rest has room for an echo
ECHO_LENGTH, MOST_ECHOED = 2.5, 4  # beats and notes, at most
BEFORE_TUNE = 0.5  # beats of rest between an echo and the next phrase
SHORTEST = 0.25  # beats
PEDAL_LOWEST = 36  # MIDI, C2: the octave of the pedal
LEAST_PEDAL = 2.0  # beats


def echo(parts: FourParts, sheet: LeadSheet) -> tuple[Note, ...]:
    """The last notes of each phrase once more, an octave up, in the rest after it.

    They keep their places between the beats. Where the chord has become another one that they
    would clash with, there is no echo.
    """
    sung = phrases(parts.soprano)
    ends = [*(phrase[0].start for phrase in sung[1:]), sheet.n_beats + BEFORE_TUNE][: len(sung)]
    return tuple(
        note
        for phrase, end in zip(sung, ends, strict=True)
        for note in _echo_of(phrase, end, parts.harmony)
    )


def _echo_of(
    phrase: Sequence[Note], next_start: float, harmony: Sequence[SoundingChord]
) -> list[Note]:
    end = phrase[-1].end
    if next_start - end < ECHO_REST:
        return []
    last = [note for note in phrase[-MOST_ECHOED:] if note.start >= end - ECHO_LENGTH]
    last = last or [phrase[-1]]
    delay = float(np.ceil(end - last[0].start - TOLERANCE))
    moved = [replace(n, start=n.start + delay, pitch=n.pitch + OCTAVE) for n in last]
    cut = [replace(n, length=min(n.length, next_start - BEFORE_TUNE - n.start)) for n in moved]
    agrees = all(note.length >= SHORTEST and _agrees(note, harmony) for note in cut)
    return cut if agrees else []


def _agrees(note: Note, harmony: Sequence[SoundingChord]) -> bool:
    """Whether a note lies a semitone from no chord that it sounds in."""
    return not any(
        clashes(pc, note.pitch) for chord in _under(note, harmony) for pc in chord.pitch_classes
    )


def _under(note: Note, harmony: Sequence[SoundingChord]) -> Sequence[SoundingChord]:
    first = bisect_right(harmony, note.start + SHORTEST / 2, key=attrgetter("end"))
    return harmony[first : bisect_left(harmony, note.end - SHORTEST / 2, key=attrgetter("start"))]


def pedal(parts: FourParts, sheet: LeadSheet) -> tuple[Note, ...]:
    """The tonic, held under all chords that bear it; under others the fifth above, or a rest.

    It changes a beat late where it would make fifths or octaves with the tune.
    """
    drone = tied(_drone(parts, sheet.key))
    parallel = parallels(parts.soprano, drone, TOGETHER)
    drone = tuple(
        Note(note.start + 1, note.length - 1, note.pitch)
        if np.isclose(parallel, note.start, atol=TOGETHER).any()
        else note
        for note in drone
    )
    return tuple(note for note in drone if note.length >= LEAST_PEDAL)


def _drone(parts: FourParts, key: int) -> Iterator[Note]:
    for chord in parts.harmony:
        borne = next((pc for pc in (key, (key + 7) % OCTAVE) if _bears(chord, pc)), None)
        if borne is not None:
            pitch = PEDAL_LOWEST + (borne - PEDAL_LOWEST) % OCTAVE
            yield Note(chord.start, chord.length, pitch)


def _bears(chord: SoundingChord, pitch_class: int) -> bool:
    """Whether a drone lies a semitone from no tone of a chord, nor is one that gives way."""
    tones = (*chord.pitch_classes, chord.bass_class)
    return pitch_class not in chord.omitted and not any(clashes(pc, pitch_class) for pc in tones)
