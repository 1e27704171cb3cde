"""The chords as they sound under the tune."""

from dataclasses import replace

from kcarol.arrangement.counterpoint.harmony import sounding_harmony
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note


def sheet(*chords: Chord) -> LeadSheet:
    return LeadSheet("", 100.0, 4, 0, "major", (), chords, ())


def test_equal_neighbours_are_one_chord_and_the_last_holds_where_none_is_known():
    silent = Chord(8.0, 4.0, 7, silent=True)
    song = sheet(Chord(0.0, 4.0, 0), Chord(4.0, 4.0, 0, bass=0), silent, Chord(12.0, 4.0, 7))
    harmony = sounding_harmony(song, ())
    assert [(chord.start, chord.end, chord.root) for chord in harmony] == [(0, 12, 0), (12, 16, 7)]


def test_a_chord_tone_gives_way_to_a_long_note_a_semitone_off():
    song = sheet(Chord(0.0, 4.0, 0))
    harmony = sounding_harmony(song, [Note(1.0, 1.0, 65), Note(2.0, 2.0, 64)])
    assert [(chord.start, chord.omitted) for chord in harmony] == [(0, ()), (1, (4,)), (2, ())]
    assert harmony[1].pitch_classes == (0, 7)


def test_a_short_note_asks_for_nothing():
    song = replace(sheet(Chord(0.0, 4.0, 0)), notes=(Note(1.0, 0.5, 65),))
    assert [chord.omitted for chord in sounding_harmony(song, song.notes)] == [()]
