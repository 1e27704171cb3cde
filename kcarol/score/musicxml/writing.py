"""A lead sheet as MusicXML: the tune on a staff, chord symbols, form and the tempo of every bar."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from kcarol import __version__
from kcarol.score.extras import FIELD, extras_text
from kcarol.score.musicxml.chord_symbols import KINDS, NO_CHORD
from kcarol.score.musicxml.note_values import Value, bar_values
from kcarol.score.musicxml.spelling import altered, note_name, root_name, signature
from kcarol.score.notated import PER_QUARTER, Bar, Notated, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord

SOFTWARE = f"kcarol {__version__}"
HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
LOW_VOICE = 57  # MIDI: the middle of a tune below it is written in the tenor's clef
PROGRAM = 74  # General MIDI, from 1: flute
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
STRAIGHT = 0.02  # swing that is not written
SWING_PARTS = 20  # of a beat, in which its two eighths are written


def musicxml_of(score: Score) -> str:
    """The text of a file, the same for the same score."""
    paper = notate(score)
    root = Element("score-partwise", version="4.0")
    if paper.title:
        _add(_add(root, "work"), "work-title", _clean(paper.title))
    _identify(root, extras_text(score, paper))
    _list_part(root)
    part = _add(root, "part", id="P1")
    accidentals = _Spelling(signature(paper.key, paper.mode), paper.mode)
    for number, (bar, values) in enumerate(zip(paper.bars, bar_values(paper), strict=True)):
        _measure(part, number, bar, values, paper, accidentals)
    _barline(part[-1])
    indent(root, " ")
    return HEADER + tostring(root, encoding="unicode") + "\n"


def _add(parent: Element, tag: str, text: object = None, /, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = None if text is None else str(text)
    return child


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _identify(root: Element, extras: str) -> None:
    identification = _add(root, "identification")
    encoding = _add(identification, "encoding")
    _add(encoding, "software", SOFTWARE)
    for element in ("accidental", "beam"):
        _add(encoding, "supports", element=element, type="yes")
    _add(_add(identification, "miscellaneous"), "miscellaneous-field", extras, name=FIELD)


def _list_part(root: Element) -> None:
    part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Tune")
    _add(_add(part, "score-instrument", id="P1-I1"), "instrument-name", "Tune")
    midi = _add(part, "midi-instrument", id="P1-I1")
    _add(midi, "midi-channel", 1)
    _add(midi, "midi-program", PROGRAM)


# --- bars


def _measure(
    part: Element,
    number: int,
    bar: Bar,
    values: Sequence[Value],
    paper: Notated,
    accidentals: _Spelling,
) -> None:
    has_pickup = paper.bars[0].is_short and len(paper.bars) > 1
    measure = _add(part, "measure", number=str(number if has_pickup else number + 1))
    if number == 0 and has_pickup:
        measure.set("implicit", "yes")
    _attributes(measure, number, paper)
    marks = _marks(number, bar, paper)
    if not values:
        _place(measure, marks, Fraction(0), bar.length)
        rest = _add(measure, "note")
        _add(rest, "rest", measure="yes")
        _add(rest, "duration", _ticks(bar.length))
        _add(rest, "voice", 1)
    accidentals.begin_bar_()
    for value in values:
        _place(measure, marks, value.start, value.end)
        _note(measure, value, accidentals)


def _ticks(quarters: Fraction) -> int:
    return int(quarters * PER_QUARTER)


def _attributes(measure: Element, number: int, paper: Notated) -> None:
    """Clef and key at the beginning, the time signature wherever it changes."""
    bar = paper.bars[number]
    before = paper.bars[number - 1].time_signature if number else None
    if bar.time_signature == before:
        return
    attributes = _add(measure, "attributes")
    if number == 0:
        _add(attributes, "divisions", PER_QUARTER)
        key = _add(attributes, "key")
        _add(key, "fifths", signature(paper.key, paper.mode))
        _add(key, "mode", paper.mode)
    time = _add(attributes, "time")
    _add(time, "beats", bar.time_signature[0])
    _add(time, "beat-type", bar.time_signature[1])
    if number == 0:
        clef = _add(attributes, "clef")
        _add(clef, "sign", "G")
        _add(clef, "line", 2)
        if np.median([note.pitch for note in paper.notes] or [60]) < LOW_VOICE:
            _add(clef, "clef-octave-change", -1)


def _barline(measure: Element) -> None:
    _add(_add(measure, "barline", location="right"), "bar-style", "light-heavy")


# --- what stands above the staff


def _marks(number: int, bar: Bar, paper: Notated) -> list[tuple[Fraction, Element]]:
    """Of a bar, with their places in it: tempo, sections, chords."""
    marks = [(Fraction(0), mark) for mark in _tempo_marks(number, bar, paper)]
    for section in paper.sections:
        if bar.start <= section.start < bar.end:
            direction = Element("direction", placement="above")
            _add(_add(direction, "direction-type"), "rehearsal", _clean(section.name))
            marks.append((section.start - bar.start, direction))
    for chord in paper.chords:
        if bar.start <= chord.start < bar.end:
            marks.append((chord.start - bar.start, _harmony(chord, paper)))
    return sorted(marks, key=_place_of)


def _place_of(mark: tuple[Fraction, Element]) -> Fraction:
    return mark[0]


def _place(
    measure: Element, marks: Sequence[tuple[Fraction, Element]], start: Fraction, end: Fraction
) -> None:
    """Add the marks from `start` to `end` to what begins at `start`."""
    for at, mark in marks:
        if start <= at < end:
            if at > start:
                offset = Element("offset")
                offset.text = str(_ticks(at - start))
                sound = mark.find("sound")
                mark.insert(len(mark) if sound is None else list(mark).index(sound), offset)
            measure.append(mark)


def _tempo_marks(number: int, bar: Bar, paper: Notated) -> list[Element]:
    """The tempo that the bar had, read by players; at the beginning the usual one, to be seen."""
    marks = []
    tempo_bpm = f"{paper.tempo_bpm(bar):.6g}"
    if number > 0:
        return [Element("sound", tempo=tempo_bpm)]
    direction = Element("direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome", parentheses="no")
    _add(metronome, "beat-unit", "quarter")
    if bar.metre.division == 3:
        _add(metronome, "beat-unit-dot")
    _add(metronome, "per-minute", round(_usual_tempo_bpm(paper)))
    _add(direction, "sound", tempo=tempo_bpm)
    marks.append(direction)
    if paper.swing > STRAIGHT:
        marks.append(_swing(paper.swing))
    return marks


def _usual_tempo_bpm(paper: Notated) -> float:
    """Beats a minute."""
    return 60 / float(np.median(np.diff(paper.beat_times_s)))


def _swing(swing: float) -> Element:
    """The off-beat eighth comes `swing` of half a beat late."""
    direction = Element("direction", placement="above")
    _add(_add(direction, "direction-type"), "words", "Swing")
    element = _add(_add(direction, "sound"), "swing")
    first = round(SWING_PARTS * (1 + swing) / 2)
    ratio = Fraction(first, SWING_PARTS - first).limit_denominator(7)
    _add(element, "first", ratio.numerator)
    _add(element, "second", ratio.denominator)
    _add(element, "swing-type", "eighth")
    return direction


def _harmony(chord: Chord, paper: Notated) -> Element:
    harmony = Element("harmony")
    fifths = signature(paper.key, paper.mode)
    if chord.silent:
        _pitch_class(_add(harmony, "root"), "root", ("C", 0))
        harmony[0][0].set("text", "")
        _add(harmony, "kind", NO_CHORD, text="N.C.")
        return harmony
    _pitch_class(_add(harmony, "root"), "root", root_name(chord.root, fifths))
    kind, text = KINDS[chord.quality]
    _add(harmony, "kind", kind, text=text)
    if chord.bass_class != chord.root:
        _pitch_class(_add(harmony, "bass"), "bass", root_name(chord.bass_class, fifths))
    if chord.quality == "add9":
        degree = _add(harmony, "degree")
        degree.set("print-object", "no")
        _add(degree, "degree-value", 9)
        _add(degree, "degree-alter", 0)
        _add(degree, "degree-type", "add")
    return harmony


def _pitch_class(parent: Element, name: str, spelled: tuple[str, int]) -> None:
    letter, alter = spelled
    _add(parent, f"{name}-step", letter)
    if alter:
        _add(parent, f"{name}-alter", alter)


# --- notes


class _Spelling:
    """Names of notes, and the accidentals that have to be drawn for them."""

    def __init__(self, fifths: int, mode: str):
        self.fifths = fifths
        self.mode = mode
        self.drawn: dict[tuple[str, int], int] = {}

    def begin_bar_(self) -> None:
        self.drawn = {}

    def name_(self, value: Value) -> tuple[str, int, int, str | None]:
        """Letter, sharps, octave and accidental to draw of a note, in the order of the bar."""
        letter, alter, octave = note_name(value.pitch, self.fifths, self.mode)
        place = letter, octave
        is_known = self.drawn.get(place, altered(letter, self.fifths)) == alter
        if is_known or value.is_tied_from:
            return letter, alter, octave, None
        self.drawn[place] = alter
        return letter, alter, octave, ACCIDENTALS[alter]


def _note(measure: Element, value: Value, spelling: _Spelling) -> None:
    """Add a note or rest; the order of what is in it is laid down by MusicXML."""
    note = _add(measure, "note")
    accidental = None
    if value.pitch is None:
        _add(note, "rest")
    else:
        letter, alter, octave, accidental = spelling.name_(value)
        pitch = _add(note, "pitch")
        _add(pitch, "step", letter)
        if alter:
            _add(pitch, "alter", alter)
        _add(pitch, "octave", octave)
    _add(note, "duration", _ticks(value.length))
    ties = [("stop", value.is_tied_from), ("start", value.is_tied_to)]
    ties = [kind for kind, is_there in ties if is_there]
    for kind in ties:
        _add(note, "tie", type=kind)
    _add(note, "voice", 1)
    name, n_dots = value.type
    _add(note, "type", name)
    for _ in range(n_dots):
        _add(note, "dot")
    if accidental:
        _add(note, "accidental", accidental)
    if value.is_triplet:
        ratio = _add(note, "time-modification")
        _add(ratio, "actual-notes", 3)
        _add(ratio, "normal-notes", 2)
    for level, word in enumerate(value.beams, start=1):
        _add(note, "beam", word, number=str(level))
    if ties or value.triplet:
        notations = _add(note, "notations")
        for kind in ties:
            _add(notations, "tied", type=kind)
        if value.triplet:
            _add(notations, "tuplet", type=value.triplet, bracket="yes")
