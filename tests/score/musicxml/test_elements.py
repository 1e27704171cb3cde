from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pytest

from kcarol.score.musicxml.elements import (
    TENOR,
    add_,
    add_clef_,
    add_measure_,
    add_time_,
    clean,
    text_of_,
)
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, TimeGrid
from kcarol.transcription.notation import LEAD_S


def paper_of(n_lead: int, division: int = 2):
    sheet = LeadSheet("", 120.0, 4, 0, "major", (), (Chord(0, 8.0, 0),), (), division=division)
    times_s = np.append(LEAD_S * np.arange(n_lead), LEAD_S * n_lead + np.arange(9 - n_lead) / 2)
    return notate(Score.of_sheet(sheet, TimeGrid(times_s, 4)))


@pytest.mark.parametrize("n_lead, expected", [(0, ["1", "2"]), (3, ["0", "1"])])
def test_a_pickup_is_bar_0(n_lead, expected):
    part = Element("part")
    paper = paper_of(n_lead)
    for number in range(2):
        add_measure_(part, number, paper)
    assert [measure.get("number") for measure in part] == expected
    assert (part[0].get("implicit") == "yes") == (n_lead > 0)


def test_compound_metres_are_counted_in_eighths():
    attributes = Element("attributes")
    add_time_(attributes, paper_of(0, division=3).bars[0])
    assert (attributes.findtext("time/beats"), attributes.findtext("time/beat-type")) == ("12", "8")


def test_the_tenor_s_clef_sounds_an_octave_lower():
    attributes = Element("attributes")
    add_clef_(attributes, TENOR)
    assert attributes.findtext("clef/clef-octave-change") == "-1"


def test_any_words_are_a_file_that_can_be_parsed():
    root = Element("score-partwise")
    add_(root, "a", clean("".join(map(chr, range(0x300))) + "<&>\ud800\uffff"))
    assert "<&>" in ElementTree.fromstring(text_of_(root).encode()).findtext("a")
