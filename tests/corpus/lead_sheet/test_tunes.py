"""Public-domain tunes and their notation."""

import numpy as np
import pytest
from lead_sheets import TOLERANCE, assert_sound, chord_at

from kcarol.corpus.lead_sheet.tunes import read_tune, titles, tune


@pytest.mark.parametrize("title", titles())
def test_each_written_tune_is_sound_and_its_downbeats_fit_its_chords(title):
    sheet = tune(title)
    assert_sound(sheet)
    downbeats = [
        n.pitch % 12 in chord_at(sheet, n.start).pitch_classes
        for n in sheet.notes
        if n.start % sheet.beats_per_bar < TOLERANCE
    ]
    assert np.mean(downbeats) >= 0.7
    assert chord_at(sheet, sheet.n_beats - 0.5).root == sheet.key or title == "Sakura"


def test_there_are_at_least_24_written_tunes_in_both_metres_and_modes():
    sheets = [tune(title) for title in titles()]
    assert len(sheets) >= 24
    kinds = {(sheet.beats_per_bar, sheet.mode) for sheet in sheets}
    assert kinds == {(3, "major"), (3, "minor"), (4, "major"), (4, "minor")}


@pytest.mark.parametrize(
    "title, degrees",
    [
        ("Twinkle Twinkle Little Star", "0 0 7 7 9 9 7 5 5 4 4 2 2 0"),
        ("Frere Jacques", "0 2 4 0 0 2 4 0 4 5 7 4 5 7"),
        ("Joy to the World", "12 11 9 7 5 4 2 0 7 9 9 11 11 12"),
        ("Ode to Joy", "4 4 5 7 7 5 4 2 0 0 2 4 4 2 2"),
        ("Silent Night", "7 9 7 4 7 9 7 4 14 14 11 12 12 7"),
        ("God Rest Ye Merry, Gentlemen", "0 0 7 7 5 3 2 0 -2 0 2 3 5 7"),
    ],
)
def test_known_tunes_begin_with_their_known_degrees(title, degrees):
    sheet = tune(title)
    tonic = 60 + sheet.key
    found = [note.pitch - tonic for note in sheet.notes[: len(degrees.split())]]
    assert found == [int(degree) for degree in degrees.split()]


def test_the_notation_gives_pitch_length_tie_and_chord():
    sheet = read_tune("x", "D", 4, 100, '"D"f/ c3/2 =c _B,- | "A/C#"B, ^G2 z |')
    assert [n.pitch for n in sheet.notes] == [78, 73, 72, 58, 68]
    assert [n.length for n in sheet.notes] == [0.5, 1.5, 1, 2, 2]
    assert [(c.root, c.bass, c.start) for c in sheet.chords] == [(2, None, 0), (9, 1, 4)]


@pytest.mark.parametrize(
    "text, message", [('"C"C D E |', "expected 4 beats"), ('"C"C D E H |', "'H' in bar 1")]
)
def test_a_faulty_tune_is_named_with_its_bar(text, message):
    with pytest.raises(ValueError, match=message):
        read_tune("faulty", "C", 4, 100, text)


def test_an_unknown_title_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match="Jingle Bells"):
        tune("Last Christmas")
