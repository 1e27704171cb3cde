"""What all writing of MusicXML needs."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kcarol.score.notated import PER_QUARTER, Bar, Notated

HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


class Clef(NamedTuple):
    """Which line of a staff is which note; `octaves`: how much higher it sounds than it is
    drawn.
    """

    sign: str
    line: int
    octaves: int = 0


TREBLE, BASS, TENOR = Clef("G", 2), Clef("F", 4), Clef("G", 2, -1)


def add_(parent: Element, tag: str, text: object = None, /, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = None if text is None else str(text)
    return child


def clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def ticks(quarters: Fraction) -> int:
    return int(quarters * PER_QUARTER)


def text_of_(root: Element) -> str:
    """The text of a file; `root` is indented."""
    indent(root, " ")
    return HEADER + tostring(root, encoding="unicode") + "\n"


# --- bars


def add_measure_(part: Element, number: int, paper: Notated) -> Element:
    """A bar, counted from 1, or from a pick-up's 0."""
    has_pickup = paper.bars[0].is_short and len(paper.bars) > 1
    measure = add_(part, "measure", number=str(number if has_pickup else number + 1))
    if number == 0 and has_pickup:
        measure.set("implicit", "yes")
    return measure


def add_key_(attributes: Element, fifths: int, mode: str) -> None:
    key = add_(attributes, "key")
    add_(key, "fifths", fifths)
    add_(key, "mode", mode)


def add_time_(attributes: Element, bar: Bar) -> None:
    time = add_(attributes, "time")
    add_(time, "beats", bar.time_signature[0])
    add_(time, "beat-type", bar.time_signature[1])


def add_clef_(attributes: Element, clef: Clef, staff: int | None = None) -> None:
    """`staff`: its number from 1, of a part that has several."""
    element = add_(attributes, "clef", **({} if staff is None else {"number": str(staff)}))
    add_(element, "sign", clef.sign)
    add_(element, "line", clef.line)
    if clef.octaves:
        add_(element, "clef-octave-change", clef.octaves)


def add_final_barline_(measure: Element) -> None:
    add_(add_(measure, "barline", location="right"), "bar-style", "light-heavy")
