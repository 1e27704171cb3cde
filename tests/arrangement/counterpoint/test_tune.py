"""The tune of a carol: one register, and phrases."""

import pytest

from kcarol.arrangement.counterpoint.tune import in_one_register, on_beats, phrases, rung, tied
from kcarol.transcription.lead_sheet import Note


def notes(*pitches: int, start: float = 0.0) -> list[Note]:
    return [Note(start + i, 1.0, pitch) for i, pitch in enumerate(pitches)]


@pytest.mark.parametrize("octaves", [-2, -1, 1])
def test_a_tune_has_one_register_in_whatever_octave_it_is_sung(octaves):
    sung = notes(67, 69, 71, 72, 74)
    moved = [Note(n.start, n.length, n.pitch + 12 * octaves) for n in sung]
    assert in_one_register(moved) == in_one_register(sung) == tuple(sung)


def test_a_phrase_an_octave_off_the_song_is_moved():
    song = notes(74, 76, 77, 76, 74, 76, 77, 76) + notes(57, 60, 62, 60, 57, start=10.0)
    assert [note.pitch for note in in_one_register(song)[-5:]] == [69, 72, 74, 72, 69]


def test_a_chorus_a_sixth_higher_stays_higher():
    song = notes(62, 64, 65, 64, 62) + notes(69, 71, 72, 71, start=8.0)
    assert [note.pitch for note in in_one_register(song)] == [note.pitch for note in song]


def test_a_note_an_octave_off_within_a_phrase_is_mended():
    song = notes(67, 69, 83, 72, 71)
    assert [note.pitch for note in in_one_register(song)] == [67, 69, 71, 72, 71]


def test_phrases_end_at_rests():
    song = notes(67, 69) + notes(71, 72, start=3.0)
    assert [len(phrase) for phrase in phrases(song)] == [2, 2]


def test_a_song_without_tune_has_no_phrases():
    assert in_one_register([]) == () == phrases([])


def test_neighbours_of_one_pitch_are_tied_and_a_rest_parts_them():
    line = Note(0.0, 1.0, 60), Note(1.0, 1.0, 60), Note(3.0, 1.0, 60)
    assert tied(line) == (Note(0.0, 2.0, 60), Note(3.0, 1.0, 60))


def test_an_octave_leap_that_goes_on_in_its_new_register_stays():
    song = notes(60, 72, 71, 67, 69, 71, 72, 69)
    assert [note.pitch for note in in_one_register(song)] == [note.pitch for note in song]


def test_quick_syllables_between_beats_are_not_struck_again():
    patter = [Note(n / 4, 0.25, 67) for n in range(5)]
    sung = [*patter, Note(1.25, 1.0, 67), Note(2.25, 0.25, 69)]
    struck = [(note.start, note.length) for note in rung(sung, tempo_bpm=100)]
    assert struck == [(0, 0.5), (0.5, 0.5), (1, 0.25), (1.25, 1), (2.25, 0.25)]
    assert rung(sung, tempo_bpm=30) == tuple(sung)


def test_notes_on_beats_and_long_ones_ring_through_their_repeats():
    sung = [Note(0, 0.5, 67), Note(0.5, 0.5, 69), Note(1.5, 1.0, 71), Note(3, 0.25, 69)]
    sung += [Note(3.25, 0.25, 69), Note(3.5, 0.5, 72)]
    struck = [(note.start, note.length, note.pitch) for note in on_beats(sung)]
    assert struck == [(0, 0.5, 67), (1.5, 1.0, 71), (3, 0.5, 69)]
