"""Facts about the edges of a song: nothing is written before its first and after its last sound."""

from kcarol.transcription.form.edges import chords_within, notes_within, with_last_note_held
from kcarol.transcription.lead_sheet import Chord, Note

CHORDS = (Chord(0.0, 4.0, 7), Chord(4.0, 6.0, 0), Chord(10.0, 2.0, 5))


def test_what_begins_after_the_last_sound_is_not_written():
    notes = tuple(Note(float(beat), 0.5, 60) for beat in range(12))
    assert [note.start for note in notes_within(notes, 2.2, 9.0)] == [2, 3, 4, 5, 6, 7, 8]
    assert chords_within(CHORDS, 9.5) == (CHORDS[0], Chord(4.0, 8.0, 0))
    assert chords_within(CHORDS, 10.5) == CHORDS


def test_a_last_note_rings_with_the_last_chord_it_belongs_to():
    chords = chords_within(CHORDS, 9.5)
    assert with_last_note_held((Note(4.0, 1.0, 64),), chords, 9.5) == (Note(4.0, 5.5, 64),)
    strange, early = (Note(4.0, 1.0, 65),), (Note(1.0, 1.0, 67),)
    assert with_last_note_held(strange, chords, 9.5) == strange
    assert with_last_note_held(early, chords, 9.5) == early
    assert with_last_note_held((), chords, 9.5) == ()
