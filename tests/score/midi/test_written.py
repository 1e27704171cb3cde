import pytest

from kcarol.score.midi.file import read_song
from kcarol.score.midi.written import written_of
from tests.score.midi.files import TUNE, notes, save, track


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


def written(path, *tracks, **how):
    return written_of(read_song(save(path, *tracks, **how)))


def test_bars_follow_the_time_signatures(path):
    meta = ("time_signature", {"numerator": 3, "denominator": 4})
    found = written(path, track("", notes(TUNE), meta))
    assert [(bar.start, bar.length) for bar in found.bars] == [(0, 3), (3, 3), (6, 3)]


def test_tempi_are_those_of_the_file(path):
    found = written(path, track("", notes(TUNE), ("set_tempo", {"tempo": 600_000})))
    assert found.tempos == ((0.0, 100.0),)


def test_texts_that_name_chords_are_chord_symbols(path):
    meta = [("text", {"text": "C"}), ("text", {"text": "Am7/G", "time": 960})]
    found = written(path, track("", notes(TUNE)), track("", [], *meta))
    assert [(chord.start, chord.root, chord.quality, chord.bass) for chord in found.symbols] == [
        (0, 0, "maj", None),
        (2, 9, "min7", 7),
    ]


def test_other_texts_are_no_chord_symbols(path):
    meta = [("text", {"text": text}) for text in ("A", "copy", "of a song")]
    assert written(path, track("", notes(TUNE), *meta)).symbols == ()


def test_markers_are_sections_even_if_they_are_letters(path):
    found = written(path, track("", notes(TUNE), ("marker", {"text": "A"})))
    assert found.marks == ((0.0, "A"),) and found.symbols == ()


def test_c_major_is_no_more_than_a_signature(path):
    keys = [("key_signature", {"key": key}) for key in ("C", "Am")]
    assert [key.mode for key in written(path, track("", notes(TUNE), *keys)).keys] == [
        None,
        "minor",
    ]
