import pytest

from kcarol.score.elsewhere.tune import accompaniment, one_at_a_time, tune_of
from kcarol.score.elsewhere.written import Unplayable, Written, WrittenBar, WrittenPart
from kcarol.transcription.lead_sheet import Note


def part(name, pitch, starts=range(8), is_sung=False):
    notes = tuple(Note(start, 1, pitch) for start in starts)
    return WrittenPart(name, notes, notes, is_sung)


def written(*parts):
    bars = tuple(WrittenBar(4 * n, 4, 4, 4) for n in range(8))
    return Written("", bars, parts)


def pitches(*parts):
    return {note.pitch for note in tune_of(written(*parts))}


def test_words_tell_the_tune_then_names_then_the_order():
    flute, voice, piano = part("Flute", 80), part("Voice", 60), part("Piano", 70, is_sung=True)
    assert pitches(flute, voice, piano) == {70}
    assert pitches(flute, voice) == {60}
    assert pitches(flute, part("Piano", 70)) == {80}


def test_a_part_that_hardly_plays_is_no_tune():
    assert pitches(part("Bells", 90, [0]), part("Violin", 70)) == {70}


def test_where_a_singer_rests_for_long_another_sings():
    first = part("Soprano", 72, range(8), is_sung=True)
    second = part("Solo", 60, range(8, 20), is_sung=True)
    assert pitches(first, second) == {72, 60}
    assert pitches(first, part("Solo", 60, range(8, 20))) == {72}


def test_of_chords_the_highest_note_is_the_tune():
    notes = [Note(0, 2, 60), Note(0, 2, 67), Note(1, 1, 55), Note(2, 1, 62)]
    assert one_at_a_time(notes) == (Note(0, 2, 67), Note(2, 1, 62))


def test_the_rest_accompanies():
    voice, piano = part("Voice", 72), part("Piano", 60)
    score = written(voice, piano)
    assert accompaniment(score, tune_of(score)) == list(piano.notes)


def test_a_score_without_notes_is_refused():
    with pytest.raises(Unplayable, match="expected a tune, found no notes"):
        tune_of(written(WrittenPart("Voice", (), ())))
