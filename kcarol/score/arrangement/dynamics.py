"""How loud each player plays each section, in the words of a score."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from kcarol.score.arrangement.playing import Playing
from kcarol.score.musicxml.elements import ticks
from kcarol.transcription.lead_sheet import Section

# MIDI velocities from which on a mark is right
MARKS = ("pp", "p", "mp", "mf", "f", "ff")
VELOCITIES = (30, 46, 62, 78, 98)


def dynamics_of(playing: Playing, sections: Sequence[Section]) -> list[tuple[int, str]]:
    """Places in ticks and marks, where the player is to change."""
    notes = sorted((note.start, note.velocity) for note in playing.notes)
    starts = np.array([start for start, _ in notes])
    velocities = np.array([velocity for _, velocity in notes])
    edges = sorted({0, *(ticks(Fraction(section.start)) for section in sections)})
    numbers = np.searchsorted(edges, starts, side="right")
    marks: list[tuple[int, str]] = []
    for number in np.unique(numbers):
        here = np.flatnonzero(numbers == number)
        mark = MARKS[int(np.searchsorted(VELOCITIES, np.median(velocities[here]), side="right"))]
        if not marks or mark != marks[-1][1]:
            marks.append((notes[here[0]][0], mark))
    return marks
