"""Sung notes from UltraStar transcriptions."""

from __future__ import annotations

import pytest

from kcarol.evaluation.metrics import SungNote, read_ultrastar


@pytest.fixture
def file(tmp_path):
    return tmp_path / "song.ultrastar.txt"


def test_times_and_pitches(file):
    notes = ": 0 4 0 La\n* 8 2 -3 la\n- 12\nF 20 2 0 (talk)\nE\n"
    file.write_text(f"#TITLE:x\n#BPM:300,0\n#GAP:1000\n{notes}")
    assert read_ultrastar(file) == [
        SungNote(pytest.approx(1.07), pytest.approx(0.2), 60),
        SungNote(pytest.approx(1.47), pytest.approx(0.1), 57),
    ]


def test_lines_of_a_relative_file_count_from_their_own_start(file):
    file.write_text("#BPM:150\n#RELATIVE:YES\n: 0 4 0 La\n- 8 10\n: 0 4 0 la\n: 4 1 2 la\nE\n")
    assert [round(note.start_s, 2) for note in read_ultrastar(file)] == [0.07, 1.07, 1.47]


def test_a_tilde_begins_no_syllable(file):
    file.write_text("#BPM:150\n: 0 4 0 ma\n: 4 4 2 ~n\n: 8 4 4  ~\n: 12 4 4\nE\n")
    assert [note.begins for note in read_ultrastar(file)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#GAP:0\n: 0 1 0 a", "BPM"),
        ("#BPM:120\n: 0 one 0 a", ":2: expected"),
        ("#BPM:120\n: 0", ":2: expected"),
        ("#BPM:120\n#RELATIVE:YES\n-", ":3: expected"),
    ],
)
def test_what_is_not_ultrastar_is_named_with_its_line(file, text, said):
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_ultrastar(file)
