"""Echoes."""

from kcarol.arrangement.counterpoint.fills import echo
from kcarol.arrangement.voices import four_parts
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note

C, A_FLAT = 0, 8
TUNE = (Note(0.0, 2.0, 72), Note(2.0, 1.0, 76), Note(3.0, 1.0, 79), Note(8.0, 4.0, 72))


def song(*roots: int, tune: tuple[Note, ...] = TUNE) -> LeadSheet:
    chords = tuple(Chord(4.0 * i, 4.0, root) for i, root in enumerate(roots))
    return LeadSheet("", 100.0, 4, C, "major", tune, chords, ())


def test_the_end_of_a_phrase_is_echoed_once_an_octave_up_in_the_rest_after_it():
    sheet = song(C, C, C)
    assert echo(four_parts(sheet), sheet) == (Note(4.0, 1.0, 88), Note(5.0, 1.0, 91))


def test_an_echo_that_clashes_with_its_chord_is_left_out():
    sheet = song(C, A_FLAT, C)
    assert echo(four_parts(sheet), sheet) == ()
