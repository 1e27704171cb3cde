"""Notes and rests as elements of MusicXML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element

from kcarol.score.musicxml.elements import add_, ticks
from kcarol.score.musicxml.note_values import Value, drawn
from kcarol.score.musicxml.spelling import altered, note_name
from kcarol.score.notated import Bar

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


class Seat(NamedTuple):
    """Where in a part a note is drawn."""

    voice: int = 1
    staff: int | None = None  # from 1, of a part that has several
    stem: str = ""  # "up" or "down" where two voices share a staff
    unpitched: str = ""  # the instrument's id, of one without pitch


FIRST_SEAT = Seat()


class Spelling:
    """Names of notes, and the accidentals that have to be drawn for them."""

    def __init__(self, fifths: int, mode: str):
        self.fifths = fifths
        self.mode = mode
        self.drawn: dict[tuple[str, int], int] = {}
        self.names: dict[int, tuple[str, int, int]] = {}  # last given to each pitch
        self.chord: Mapping[int, int] = {}  # pitch class -> its name's place on the line of fifths

    def begin_bar_(self) -> None:
        self.drawn = {}

    def change_chord_(self, chord: Mapping[int, int]) -> None:
        self.chord = chord

    def name_(self, value: Value) -> tuple[str, int, int, str | None]:
        """Letter, sharps, octave and accidental to draw of a note, in the order of the bar."""
        pitch = value.pitch
        assert pitch is not None
        if not (value.is_tied_from and pitch in self.names):
            in_chord = self.chord.get(pitch % 12)
            self.names[pitch] = note_name(pitch, self.fifths, self.mode, in_chord)
        letter, alter, octave = self.names[pitch]
        place = letter, octave
        is_known = self.drawn.get(place, altered(letter, self.fifths)) == alter
        if is_known or value.is_tied_from:
            return letter, alter, octave, None
        self.drawn[place] = alter
        return letter, alter, octave, ACCIDENTALS[alter]


def add_note_(
    measure: Element,
    value: Value,
    spelling: Spelling | None = None,
    seat: Seat = FIRST_SEAT,
    *,
    is_in_chord: bool = False,
    sign: str = "",
) -> None:
    """Add a note or rest; the order of what is in it is laid down by MusicXML.

    spelling: of pitches, in the order of the bar; rests need none. is_in_chord: begins together
    with the note before. sign: "staccato" or "fermata".
    """
    note = add_(measure, "note")
    accidental = None
    if is_in_chord:
        add_(note, "chord")
    if value.pitch is None:
        add_(note, "rest")
    elif seat.unpitched:
        _add_unpitched_(note)
    elif spelling is not None:
        letter, alter, octave, accidental = spelling.name_(value)
        _add_pitch_(note, letter, alter, octave)
    add_(note, "duration", ticks(value.length))
    ties = [("stop", value.is_tied_from), ("start", value.is_tied_to)]
    tie_types = [kind for kind, is_there in ties if is_there]
    for kind in tie_types:
        add_(note, "tie", type=kind)
    if seat.unpitched and value.pitch is not None:
        add_(note, "instrument", id=seat.unpitched)
    add_(note, "voice", seat.voice)
    _add_value_(note, value, accidental, seat, () if is_in_chord else value.beams)
    _add_notations_(note, tie_types, "" if is_in_chord else value.triplet, sign)


def _add_pitch_(note: Element, letter: str, alter: int, octave: int) -> None:
    pitch = add_(note, "pitch")
    add_(pitch, "step", letter)
    if alter:
        add_(pitch, "alter", alter)
    add_(pitch, "octave", octave)


def _add_unpitched_(note: Element) -> None:
    """On the one line of a percussion staff."""
    unpitched = add_(note, "unpitched")
    add_(unpitched, "display-step", "E")
    add_(unpitched, "display-octave", 4)


def _add_value_(
    note: Element, value: Value, accidental: str | None, seat: Seat, beams: Sequence[str]
) -> None:
    """What a note looks like."""
    name, n_dots = value.type
    add_(note, "type", name)
    for _ in range(n_dots):
        add_(note, "dot")
    if accidental:
        add_(note, "accidental", accidental)
    if value.is_triplet:
        ratio = add_(note, "time-modification")
        add_(ratio, "actual-notes", 3)
        add_(ratio, "normal-notes", 2)
    if seat.stem and value.pitch is not None and name != "whole":
        add_(note, "stem", seat.stem)
    if seat.staff is not None:
        add_(note, "staff", seat.staff)
    for level, word in enumerate(beams, start=1):
        add_(note, "beam", word, number=str(level))


def _add_notations_(note: Element, ties: Sequence[str], triplet: str, sign: str) -> None:
    if not (ties or triplet or sign):
        return
    notations = add_(note, "notations")
    for kind in ties:
        add_(notations, "tied", type=kind)
    if triplet:
        add_(notations, "tuplet", type=triplet, bracket="yes")
    if sign == "staccato":
        add_(add_(notations, "articulations"), "staccato")
    elif sign == "fermata":
        add_(notations, "fermata")


def add_bar_rest_(
    measure: Element, bar: Bar, seat: Seat = FIRST_SEAT, *, is_paused: bool = False
) -> None:
    """Add the rest of a whole bar; of a short one its values, since others take it for longer."""
    sign = "fermata" if is_paused else ""
    if bar.is_short:
        for value in drawn([Value(Fraction(0), bar.length)], bar):
            add_note_(measure, value, seat=seat, sign=sign if value.end == bar.length else "")
        return
    rest = add_(measure, "note")
    add_(rest, "rest", measure="yes")
    add_(rest, "duration", ticks(bar.length))
    add_(rest, "voice", seat.voice)
    if seat.staff is not None:
        add_(rest, "staff", seat.staff)
    _add_notations_(rest, (), "", sign)
