import pytest

pytest.importorskip("music21")

from defusedxml.ElementTree import fromstring

from kcarol.score.elsewhere.musicxml.score import written_of
from tests.score.elsewhere.texts import barline, measure, note, words, written

PITCHES = ("C4", "D4", "E4", "F4", "G4", "A4", "B4")
SEGNO = "<direction><direction-type><segno/></direction-type></direction>"
CODA = "<direction><direction-type><coda/></direction-type></direction>"


def played(*bars):
    """Numbers of the bars in the order of play; of each (what is before it, what is after it)."""
    texts = [
        before + measure(note(PITCHES[number], 8), first=number == 0) + after
        for number, (before, after) in enumerate(bars)
    ]
    (part,) = written_of(fromstring(written(*texts))).parts
    pitches = [60, 62, 64, 65, 67, 69, 71]
    return [pitches.index(note.pitch) for note in part.notes]


def ending(number, kind):
    return (number, kind)


def test_a_song_without_repeats_is_played_once():
    assert played(("", ""), ("", "")) == [0, 1]


def test_a_repeat_without_a_beginning_goes_back_to_the_start():
    assert played(("", ""), ("", barline("right", "backward")), ("", "")) == [0, 1, 0, 1, 2]


def test_a_repeat_is_played_as_often_as_it_says():
    bars = (barline("left", "forward"), barline("right", "backward", times=3)), ("", "")
    assert played(*bars) == [0, 0, 0, 1]


def test_endings_of_several_bars():
    bars = (
        ("", ""),
        (barline("left", ending=("1", "start")), ""),
        ("", ""),
        ("", barline("right", "backward", ("1", "stop"))),
        (barline("left", ending=("2", "start")), ""),
        ("", barline("right", ending=("2", "stop"))),
    )
    assert played(*bars) == [0, 1, 2, 3, 0, 4, 5]


def test_an_ending_for_two_times():
    bars = (
        ("", ""),
        (barline("left", ending=("1, 2", "start")), barline("right", "backward", ("1, 2", "stop"))),
        (barline("left", ending=("3", "start")), barline("right", ending=("3", "stop"))),
    )
    assert played(*bars) == [0, 1, 0, 1, 0, 2]


def test_da_capo_al_fine_leaves_repeats_out():
    bars = (("", barline("right", "backward")), ("", words("Fine")), ("", words("D.C. al Fine")))
    assert played(*bars) == [0, 0, 1, 2, 0, 1]


def test_dal_segno_al_coda():
    bars = (("", ""), (SEGNO, ""), ("", words("To Coda")), ("", words("D.S. al Coda")), (CODA, ""))
    assert played(*bars) == [0, 1, 2, 3, 1, 2, 4]
