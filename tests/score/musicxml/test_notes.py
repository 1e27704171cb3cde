from fractions import Fraction
from xml.etree.ElementTree import Element

import pytest

from kcarol.score.musicxml.note_values import Value
from kcarol.score.musicxml.notes import Spelling, add_note_

ORDER = (  # as MusicXML lays it down
    "rest pitch duration tie voice type dot accidental time-modification stem staff beam notations"
).split()


def element_of(value: Value, fifths: int = 0) -> Element:
    measure = Element("measure")
    add_note_(measure, value, Spelling(fifths, "major"))
    return measure[0]


@pytest.mark.parametrize(
    "value",
    [
        Value(Fraction(0), Fraction(3, 2)),
        Value(Fraction(0), Fraction(3, 4), 61, True, True, beams=("begin",)),
        Value(Fraction(0), Fraction(1, 3), 60, False, True, True, "start", ("begin",)),
    ],
)
def test_what_is_in_a_note_has_its_order(value):
    tags = [child.tag for child in element_of(value)]
    assert tags == sorted(tags, key=ORDER.index)
    assert element_of(value).findtext("duration") == str(value.length * 48)


def test_ties_are_heard_and_drawn():
    note = element_of(Value(Fraction(0), Fraction(1), 60, True, True))
    assert [tie.get("type") for tie in note.iter("tie")] == ["stop", "start"]
    assert [tie.get("type") for tie in note.iter("tied")] == ["stop", "start"]


def test_an_accidental_holds_for_its_bar_and_its_octave():
    spelling = Spelling(1, "major")  # G: F is sharp

    def drawn(pitch: int, is_tied_from: bool = False) -> str | None:
        return spelling.name_(Value(Fraction(0), Fraction(1), pitch, is_tied_from))[3]

    assert [drawn(66), drawn(65), drawn(65), drawn(77), drawn(66)] == [
        None,
        "natural",
        None,
        "natural",
        "sharp",
    ]
    spelling.begin_bar_()
    assert drawn(65, is_tied_from=True) is None
    assert drawn(65) == "natural"
