"""Passing notes: a bass that goes on by a third steps through the note between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

from kcarol.arrangement.counterpoint.harmony import clashes
from kcarol.arrangement.counterpoint.two_voices import TOGETHER, overlapping, parallels
from kcarol.transcription.lead_sheet import SCALES, TOLERANCE, LeadSheet, Note

THIRDS = (3, 4)  # semitones
LEAST_LENGTH = 2.0  # beats of the note before: its second half is weak
PASSING_LENGTH = 1.0  # beats


def with_passing_notes(
    bass: Sequence[Note],
    sheet: LeadSheet,
    outer: Sequence[Sequence[Note]],
    inner: Sequence[Sequence[Note]],
) -> tuple[Note, ...]:
    """A bass with diatonic passing notes that no other voice lies a semitone from, and that make
    no fifths or octaves with the outer ones.
    """
    scale = {(sheet.key + step) % 12 for step in SCALES[sheet.mode]}
    others = sorted(chain(*outer, *inner), key=_start)
    out: list[Note] = []
    splits = [_split(note, following, scale) for note, following in pairwise(bass)]
    clashing = _clashing([split[1] for split in splits if len(split) > 1], others)
    for split, (note, following) in zip(splits, pairwise(bass), strict=True):
        fits = len(split) > 1 and split[1] not in clashing
        fits = fits and all(_moves_well(split, following, line) for line in outer)
        out.extend(split if fits else [note])
    return (*out, *bass[-1:])


def _start(note: Note) -> float:
    return note.start


def _split(note: Note, following: Note, scale: Iterable[int]) -> list[Note]:
    """A note and the passing note that ends it, if there is one."""
    low, high = sorted((note.pitch, following.pitch))
    between = [pitch for pitch in range(low + 1, high) if pitch % 12 in scale]
    follows = following.start - note.end < TOLERANCE
    if not follows or high - low not in THIRDS or not between or note.length < LEAST_LENGTH:
        return [note]
    start = note.end - PASSING_LENGTH
    return [
        Note(note.start, start - note.start, note.pitch),
        Note(start, PASSING_LENGTH, between[0]),
    ]


def _clashing(line: Sequence[Note], others: Sequence[Note]) -> set[Note]:
    """The notes of a line that another voice lies a semitone from."""
    pairs = overlapping(line, others, TOGETHER)
    return {note for note, other in pairs if clashes(other.pitch, note.pitch)}


def _moves_well(split: Sequence[Note], following: Note, line: Sequence[Note]) -> bool:
    first, last = split[0].start - LEAST_LENGTH, following.start
    near = [note for note in line if first <= note.start <= last + TOGETHER]
    return not parallels(near, [*split, following], TOGETHER)
