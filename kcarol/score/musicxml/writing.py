"""A lead sheet as MusicXML: the tune on a staff, chord symbols, form and the tempo of every bar."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

import numpy as np

from kcarol import __version__
from kcarol.score.extras import FIELD, extras_text, packed_text
from kcarol.score.musicxml.chord_tones import ChordTones
from kcarol.score.musicxml.elements import (
    TENOR,
    TREBLE,
    add_,
    add_clef_,
    add_final_barline_,
    add_key_,
    add_measure_,
    add_time_,
    clean,
    text_of_,
    ticks,
)
from kcarol.score.musicxml.marks import marks_of, place_marks_
from kcarol.score.musicxml.note_values import Value, bar_values
from kcarol.score.musicxml.notes import Spelling, add_bar_rest_, add_note_
from kcarol.score.musicxml.spelling import signature
from kcarol.score.notated import PER_QUARTER, Bar, Notated, notate
from kcarol.score.score import Score

SOFTWARE = f"kcarol {__version__}"
LOW_VOICE = 62  # MIDI: a tune whose middle is below it is written in the tenor's clef
PROGRAM = 74  # General MIDI, from 1: flute


def musicxml_of(score: Score) -> str:
    """The text of a file, the same for the same score."""
    paper = notate(score)
    root = Element("score-partwise", version="4.0")
    if paper.title:
        add_(add_(root, "work"), "work-title", clean(paper.title))
    _identify(root, extras_text(score, paper))
    _list_part(root)
    part = add_(root, "part", id="P1")
    accidentals = Spelling(signature(paper.key, paper.mode), paper.mode)
    tones = ChordTones(paper)
    for number, (bar, values) in enumerate(zip(paper.bars, bar_values(paper), strict=True)):
        _measure(part, number, bar, values, paper, accidentals, tones)
    add_final_barline_(part[-1])
    return text_of_(root)


def _identify(root: Element, extras: str) -> None:
    identification = add_(root, "identification")
    encoding = add_(identification, "encoding")
    add_(encoding, "software", SOFTWARE)
    for element in ("accidental", "beam"):
        add_(encoding, "supports", element=element, type="yes")
    add_(identification, "source", packed_text(extras))
    add_(add_(identification, "miscellaneous"), "miscellaneous-field", extras, name=FIELD)


def _list_part(root: Element) -> None:
    part = add_(add_(root, "part-list"), "score-part", id="P1")
    add_(part, "part-name", "Tune")
    add_(add_(part, "score-instrument", id="P1-I1"), "instrument-name", "Tune")
    midi = add_(part, "midi-instrument", id="P1-I1")
    add_(midi, "midi-channel", 1)
    add_(midi, "midi-program", PROGRAM)


# --- bars


def _measure(
    part: Element,
    number: int,
    bar: Bar,
    values: Sequence[Value],
    paper: Notated,
    accidentals: Spelling,
    tones: ChordTones,
) -> None:
    measure = add_measure_(part, number, paper)
    _attributes(measure, number, paper)
    marks = marks_of(number, bar, paper)
    if not values:
        place_marks_(measure, marks, Fraction(0), bar.length)
        add_bar_rest_(measure, bar)
    accidentals.begin_bar_()
    for value in values:
        place_marks_(measure, marks, value.start, value.end)
        accidentals.change_chord_(tones.at(ticks(bar.start + value.start)))
        add_note_(measure, value, accidentals)


def _attributes(measure: Element, number: int, paper: Notated) -> None:
    """Clef and key at the beginning, the time signature wherever it changes."""
    if number and paper.bars[number].time_signature == paper.bars[number - 1].time_signature:
        return
    attributes = add_(measure, "attributes")
    if number == 0:
        add_(attributes, "divisions", PER_QUARTER)
        add_key_(attributes, signature(paper.key, paper.mode), paper.mode)
    add_time_(attributes, paper.bars[number])
    if number == 0:
        is_low = np.median([note.pitch for note in paper.notes] or [60]) < LOW_VOICE
        add_clef_(attributes, TENOR if is_low else TREBLE)
