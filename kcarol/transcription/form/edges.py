"""The first and the last sound of a song, between which its sheet has notes."""

from __future__ import annotations

from dataclasses import replace

from kcarol.transcription.lead_sheet import Chord, Note


def notes_within(notes: tuple[Note, ...], first: float, last: float) -> tuple[Note, ...]:
    """Those that sound between two beats."""
    return tuple(note for note in notes if note.end > first and note.start < last)


def chords_within(chords: tuple[Chord, ...], last: float) -> tuple[Chord, ...]:
    """The chords that begin before beat `last`, of which the last one holds to the end."""
    kept = [chord for chord in chords if chord.start < last] or [chords[0]]
    final = replace(kept[-1], length=chords[-1].end - kept[-1].start)
    return (*kept[:-1], final)


def with_last_note_held(
    notes: tuple[Note, ...], chords: tuple[Chord, ...], last: float
) -> tuple[Note, ...]:
    """Notes of which the last one, if it ends in the last chord as its tone, holds to a beat."""
    if not notes:
        return notes
    note, final = notes[-1], chords[-1]
    if not final.start < note.end < last or note.pitch % 12 not in final.pitch_classes:
        return notes
    return (*notes[:-1], replace(note, length=last - note.start))
