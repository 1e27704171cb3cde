"""What sounds after the phrases of a tune: echoes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from kcarol.arrangement.counterpoint.harmony import SoundingChord, clashes
from kcarol.arrangement.counterpoint.tune import OCTAVE, phrases
from kcarol.arrangement.voices import FourParts
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Note

ECHO_REST = 1.9  # beats: so long a rest has room for an echo
ECHO_LENGTH, MOST_ECHOED = 2.5, 4  # beats and notes, at most
BEFORE_TUNE = 0.5  # beats of rest between an echo and the next phrase
SHORTEST = 0.25  # beats


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
