"""The tune of a carol: one register, and phrases."""

import pytest

from kcarol.arrangement.counterpoint.tune import in_one_register, phrases
from kcarol.transcription.lead_sheet import Note


def notes(*pitches: int, start: float = 0.0) -> list[Note]:
    return [Note(start + i, 1.0, pitch) for i, pitch in enumerate(pitches)]


@pytest.mark.parametrize("octaves", [-2, -1, 1])
def test_a_tune_has_one_register_in_whatever_octave_it_is_sung(octaves):
    sung = notes(67, 69, 71, 72, 74)
    moved = [Note(n.start, n.length, n.pitch + 12 * octaves) for n in sung]
    assert in_one_register(moved) == in_one_register(sung) == tuple(sung)


def test_a_phrase_an_octave_off_the_song_is_moved():
    song = notes(67, 69, 71, 72, 71, 69) + notes(55, 57, 59, start=8.0)
    assert [note.pitch for note in in_one_register(song)[-3:]] == [67, 69, 71]


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
