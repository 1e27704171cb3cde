"""Passing notes of a bass."""

import pytest

from kcarol.arrangement.counterpoint.passing_notes import with_passing_notes
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note

SHEET = LeadSheet("", 100.0, 4, 0, "major", (), (Chord(0.0, 8.0, 0),), ())  # C major


def walked(*notes: Note, tune: tuple[Note, ...] = ()) -> list[tuple[float, float, int]]:
    return [(n.start, n.length, n.pitch) for n in with_passing_notes(notes, SHEET, (tune,), ())]


def test_a_third_is_stepped_through_on_the_beat_before_it():
    bass = Note(0.0, 4.0, 48), Note(4.0, 4.0, 45)
    assert walked(*bass) == [(0.0, 3.0, 48), (3.0, 1.0, 47), (4.0, 4.0, 45)]


@pytest.mark.parametrize("second", [Note(4.0, 4.0, 50), Note(4.0, 4.0, 53), Note(5.0, 3.0, 45)])
def test_a_second_a_fourth_and_what_comes_after_a_rest_are_not(second):
    assert len(walked(Note(0.0, 4.0, 48), second)) == 2


def test_a_short_note_is_not():
    assert len(walked(Note(0.0, 1.0, 48), Note(1.0, 1.0, 45))) == 2


def test_no_passing_note_lies_a_semitone_from_the_tune():
    assert len(walked(Note(0.0, 4.0, 48), Note(4.0, 4.0, 45), tune=(Note(0.0, 4.0, 72),))) == 2


def test_no_passing_note_makes_octaves_with_the_tune():
    bass = Note(0.0, 4.0, 48), Note(4.0, 4.0, 52)
    tune = Note(0.0, 3.0, 72), Note(3.0, 1.0, 74), Note(4.0, 4.0, 77)
    assert len(walked(*bass, tune=tune)) == 2
