from fractions import Fraction
from xml.etree.ElementTree import Element

import pytest

from kcarol.score.musicxml.marks import marks_of, place_marks_
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Section


@pytest.fixture
def paper():
    chords = (Chord(0, 2.0, 0), Chord(2.0, 2.5, 7, "7", 11), Chord(4.5, 3.5, 0, "add9"))
    sections = (Section("verse", 0.0, 4.0), Section("chorus", 4.0, 4.0))
    return notate(Score.of_sheet(LeadSheet("", 90.0, 4, 0, "major", (), chords, sections)))


def marks(paper, number):
    return [(at, mark.tag) for at, mark in marks_of(number, paper.bars[number], paper)]


def test_each_bar_has_the_marks_that_begin_in_it(paper):
    assert marks(paper, 0) == [
        (0, "direction"),  # the tempo that is seen
        (0, "direction"),  # the one that is played
        (0, "direction"),  # verse
        (0, "harmony"),
        (2, "harmony"),
    ]
    half = Fraction(1, 2)
    assert marks(paper, 1) == [(0, "direction"), (0, "direction"), (half, "harmony")]


def test_the_tempo_that_is_seen_is_not_played(paper):
    seen, played = (mark for _, mark in marks_of(0, paper.bars[0], paper)[:2])
    assert seen.findtext("direction-type/metronome/per-minute") == "90"
    assert seen.find("sound") is None
    assert played.find("sound").get("tempo") == "90"
    assert not played.findtext("direction-type/words").strip()


def test_chords_have_kind_degree_and_bass(paper):
    [seventh] = [mark for at, mark in marks_of(0, paper.bars[0], paper) if at == 2]
    assert seventh.findtext("root/root-step") == "G"
    assert seventh.findtext("kind") == "dominant" and seventh.find("kind").get("text") == "7"
    assert seventh.findtext("bass/bass-step") == "B"
    [ninth] = [mark for at, mark in marks_of(1, paper.bars[1], paper) if at]
    assert ninth.findtext("degree/degree-value") == "9"


def test_marks_stand_before_the_note_in_which_they_fall(paper):
    measure = Element("measure")
    place_marks_(measure, marks_of(0, paper.bars[0], paper), Fraction(1), Fraction(4))
    [harmony] = measure
    assert harmony.findtext("offset") == "48"
