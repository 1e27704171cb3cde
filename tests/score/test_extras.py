import json

import pytest
from scores import assert_same_score, drawn_score, heard_score

from kcarol.score.extras import extras_text, packed_text, unpacked_text, written_of
from kcarol.score.notated import notate


def text_of(score):
    return extras_text(score, notate(score))


@pytest.mark.parametrize("score", [heard_score(), drawn_score(3)], ids=["heard", "drawn"])
def test_the_text_holds_the_score_to_the_last_bit(score):
    assert_same_score(written_of(text_of(score)).score, score)


def test_the_text_is_one_line_of_moderate_length():
    score = heard_score()
    text = text_of(score)
    assert "\n" not in text
    assert len(text) < 100 * len(score.sheet.notes) + 20_000


def test_the_text_says_where_notes_and_chords_are_on_paper():
    score = drawn_score(3)
    written = written_of(text_of(score))
    assert len(written.note_places) == len(score.sheet.notes)
    assert len(written.chord_places) == len(score.sheet.chords)
    assert written.chord_places[0][0] == 0


def test_a_packed_text_is_a_shorter_word():
    text = text_of(heard_score())
    word = packed_text(text)
    assert unpacked_text(word) == text
    assert word.isascii() and " " not in word and len(word) < 0.7 * len(text)


@pytest.mark.parametrize("change", ["", "!", "AAAA"])
def test_a_packed_text_that_was_damaged_is_a_value_error(change):
    word = packed_text(text_of(drawn_score(3)))
    with pytest.raises(ValueError):
        unpacked_text(word[:300] + change)


def changed(**values):
    return json.dumps(json.loads(text_of(drawn_score(3))) | values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "[" * 100_000,
        '{"format":1}',
        '{"format":99}',
        changed(tempo_bpm=0),
        changed(key="C"),
        changed(swing=2),
        changed(chords=[]),
        changed(notes=[[0, 1, 60]]),
        changed(notes=[[0, 1, 600]], note_places=[[0, 48]]),
        changed(notes=[["0", 1, 60]], note_places=[[0, 48]]),
        changed(beat_times_s=[0, 1, 1, 2]),
        changed(beat_times_s=[0, 1]),
        changed(n_samples=10**15),
        changed(beats_per_bar=0),
        changed(changes=[[8, 0, 2]]),
        changed(tuning_cents="not packed"),
        changed(fade_db=""),
        changed(n_samples=None),
    ],
)
def test_a_text_that_holds_no_score_is_a_value_error_in_one_line(text):
    with pytest.raises(ValueError) as found:
        written_of(text)
    assert str(found.value) and "\n" not in str(found.value)


def test_an_array_that_unpacks_to_too_much_is_refused():
    import base64
    import zlib

    bomb = base64.b85encode(zlib.compress(bytes(50_000_000), 9)).decode()
    with pytest.raises(ValueError):
        written_of(changed(fade_db=bomb))
