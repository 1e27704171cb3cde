"""A carol's parts as MusicXML."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from xml.etree.ElementTree import Element

import numpy as np

from kcarol import __version__
from kcarol.score.arrangement.chords import Chord, Voice, chords_of, struck_chords_of
from kcarol.score.arrangement.dynamics import dynamics_of
from kcarol.score.arrangement.lines import WrittenNote, lines_of
from kcarol.score.arrangement.players import Player, Staff
from kcarol.score.arrangement.playing import MIDDLE_C, Playing, playing_of
from kcarol.score.musicxml.chord_tones import ChordTones
from kcarol.score.musicxml.elements import (
    TREBLE,
    Clef,
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
from kcarol.score.musicxml.notes import Seat, Spelling, add_bar_rest_, add_note_
from kcarol.score.musicxml.spelling import signature
from kcarol.score.notated import PER_QUARTER, Bar, Notated, notate
from kcarol.score.pages.sizes import MARGIN_MM, PAGE_MM, STAFF_MM, size_of
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Part

READ_LOWEST = 60  # MIDI: what is still as high an octave lower is read there
LOW_SHARE = 0.05  # of the notes that may be lower
TENTHS = 40  # of MusicXML's lengths, in the height of a staff
DRUM_CHANNEL = 10
SLEIGH_NOTE = 55  # MusicXML counts from 1: General MIDI has no sleigh bells, but a tambourine
N_CHANNELS = 16
VOICES_PER_STAFF = 4  # as other programs count voices


def arrangement_xml(parts: Sequence[Part], score: Score, style: str) -> str:
    """The score of a carol for those who would play it, the same for the same parts.

    parts: as `arrange_carol` has them. style: the arrangement's name.
    """
    paper = notate(score)
    players = playing_of(lines_of(parts, score, style), paper.bars)
    root = Element("score-partwise", version="4.0")
    what = f"{style.replace('_', ' ')} carol"
    title = f"{paper.title} ({what})" if paper.title else what
    add_(add_(root, "work"), "work-title", clean(title))
    identification = add_(root, "identification")
    add_(add_(identification, "encoding"), "software", f"kcarol {__version__}")
    _lay_out(root, sum(len(playing.staves) for playing in players))
    _list_parts(root, players)
    for number, playing in enumerate(players, start=1):
        part = add_(root, "part", id=f"P{number}")
        PartWriter(playing, paper, _pauses(score, paper), number).write_(part)
    return text_of_(root)


def _pauses(score: Score, paper: Notated) -> frozenset[Fraction]:
    """Places in quarter notes at which everybody waits."""
    if score.grid.pauses_s is None:
        return frozenset()
    lead = len(score.grid.beat_times_s) - len(paper.beat_quarters)
    beats = np.flatnonzero(score.grid.pauses_s > 0) + 1 - lead
    return frozenset(paper.beat_quarters[beat] for beat in beats if beat > 0)


def _lay_out(root: Element, n_staves: int) -> None:
    """The size of a score of many staves, for programs that do not choose it."""
    scaling = add_(add_(root, "defaults"), "scaling")
    add_(scaling, "millimeters", f"{STAFF_MM * size_of(n_staves) / 100:.3f}")
    add_(scaling, "tenths", TENTHS)
    tenths_per_mm = TENTHS * 100 / (STAFF_MM * size_of(n_staves))
    page = add_(root[-1], "page-layout")
    add_(page, "page-height", round(PAGE_MM[1] * tenths_per_mm))
    add_(page, "page-width", round(PAGE_MM[0] * tenths_per_mm))
    margins = add_(page, "page-margins", type="both")
    for side in ("left", "right", "top", "bottom"):
        add_(margins, f"{side}-margin", round(MARGIN_MM * tenths_per_mm))


def _list_parts(root: Element, players: Sequence[Playing]) -> None:
    """Names, sounds, and brackets round players of one family."""
    part_list = add_(root, "part-list")
    numbered = enumerate(players, start=1)
    for family, group in groupby(numbered, key=lambda item: item[1].player.family):
        members = list(group)
        if family and len(members) > 1:
            start = add_(part_list, "part-group", number="1", type="start")
            add_(start, "group-symbol", "bracket")
            add_(start, "group-barline", "yes")
        for number, playing in members:
            _list_part(part_list, number, playing)
        if family and len(members) > 1:
            add_(part_list, "part-group", number="1", type="stop")


def _list_part(part_list: Element, number: int, playing: Playing) -> None:
    player = playing.player
    element = add_(part_list, "score-part", id=f"P{number}")
    add_(element, "part-name", player.name)
    add_(element, "part-abbreviation", player.short)
    add_(add_(element, "score-instrument", id=f"P{number}-I1"), "instrument-name", player.name)
    midi = add_(element, "midi-instrument", id=f"P{number}-I1")
    channel = (number - 1) % (N_CHANNELS - 1) + 1
    add_(midi, "midi-channel", DRUM_CHANNEL if player.is_percussion else channel + (channel > 9))
    if playing.instrument.program is None:
        add_(midi, "midi-unpitched", SLEIGH_NOTE)
    else:
        add_(midi, "midi-program", playing.instrument.program + 1)
    add_(midi, "pan", round(90 * playing.instrument.pan))


class PartWriter:
    """One player's part."""

    def __init__(self, playing: Playing, paper: Notated, pauses: frozenset[Fraction], number: int):
        self.player = playing.player
        self.is_struck = playing.is_struck
        self.paper = paper
        self.pauses = pauses
        self.has_marks = number == 1
        self.unpitched = f"P{number}-I1" if self.player.is_percussion else ""
        self.dynamics = dynamics_of(playing, paper.sections)
        self.staves = [(Voice(upper), Voice(lower)) for upper, lower in playing.staves]
        self.clefs = [
            _clef(staff, [*upper, *lower])
            for staff, (upper, lower) in zip(self.player.staves, playing.staves, strict=True)
        ]
        self.fifths, self.steps = written_key(self.player, signature(paper.key, paper.mode))
        self.tones = ChordTones(paper, self.fifths, self.player.written_above)
        self.spellings = [Spelling(self.fifths, paper.mode) for _ in self.staves]

    def write_(self, part: Element) -> None:
        for number, bar in enumerate(self.paper.bars):
            measure = add_measure_(part, number, self.paper)
            self._attributes(measure, number)
            marks = marks_of(number, bar, self.paper) if self.has_marks else []
            marks += [
                (Fraction(place, PER_QUARTER) - bar.start, _dynamic(mark))
                for place, mark in self.dynamics
                if ticks(bar.start) <= place < ticks(bar.end)
            ]
            place_marks_(measure, sorted(marks, key=lambda m: m[0]), Fraction(0), bar.length)
            for staff in range(len(self.staves)):
                if staff:
                    add_(add_(measure, "backup"), "duration", ticks(bar.length))
                self._staff(measure, staff, bar)
        add_final_barline_(part[-1])

    def _attributes(self, measure: Element, number: int) -> None:
        bars = self.paper.bars
        if number and bars[number].time_signature == bars[number - 1].time_signature:
            return
        attributes = add_(measure, "attributes")
        if number == 0:
            add_(attributes, "divisions", PER_QUARTER)
            if not self.player.is_percussion:
                add_key_(attributes, self.fifths, self.paper.mode)
        add_time_(attributes, bars[number])
        if number:
            return
        if len(self.staves) > 1:
            add_(attributes, "staves", len(self.staves))
            if self.player.staves[0].is_choral:
                add_(attributes, "part-symbol", "bracket")
        for staff, clef in enumerate(self.clefs, start=1):
            add_clef_(attributes, clef, staff if len(self.clefs) > 1 else None)
        if self.player.is_percussion:
            add_(add_(attributes, "staff-details"), "staff-lines", 1)
        if self.player.written_above:
            transpose = add_(attributes, "transpose")
            add_(transpose, "diatonic", -self.steps)
            add_(transpose, "chromatic", -self.player.written_above)

    def _staff(self, measure: Element, staff: int, bar: Bar) -> None:
        """Both voices of a staff, or one where the other rests or has the same rhythm."""
        is_choral = self.player.staves[staff].is_choral
        upper, lower = (voice.within(bar) for voice in self.staves[staff])
        spelling = self.spellings[staff]
        spelling.begin_bar_()
        if upper and lower and not is_choral and _rhythm(upper) == _rhythm(lower):
            upper, lower = sorted([*upper, *lower], key=lambda n: (n.start, n.pitch)), []
            upper = list({(note.start, note.pitch): note for note in upper}.values())
        if not lower or not (upper or is_choral):
            self._voice(measure, upper or lower, bar, self._seat(staff, 0, ""), spelling)
            return
        if not is_choral and _height(upper) < _height(lower):
            upper, lower = lower, upper
        self._voice(measure, upper, bar, self._seat(staff, 0, "up"), spelling)
        add_(add_(measure, "backup"), "duration", ticks(bar.length))
        self._voice(measure, lower, bar, self._seat(staff, 1, "down"), spelling)

    def _seat(self, staff: int, voice: int, stem: str) -> Seat:
        number = staff + 1 if len(self.staves) > 1 else None
        return Seat(VOICES_PER_STAFF * staff + voice + 1, number, stem, self.unpitched)

    def _voice(
        self,
        measure: Element,
        notes: Sequence[WrittenNote],
        bar: Bar,
        seat: Seat,
        spelling: Spelling,
    ) -> None:
        is_short = self.is_struck or all(note.is_detached for note in notes)
        chords = (struck_chords_of if is_short else chords_of)(notes, bar)
        if not chords:
            add_bar_rest_(measure, bar, seat, is_paused=bar.end in self.pauses)
        for chord in chords:
            sign = self._sign(chord, bar)
            spelling.change_chord_(self.tones.at(ticks(bar.start + chord.value.start)))
            for number, note in enumerate(chord.notes(self.player.written_above)):
                is_in_chord = number > 0
                note_sign = "" if is_in_chord else sign
                add_note_(measure, note, spelling, seat, is_in_chord=is_in_chord, sign=note_sign)

    def _sign(self, chord: Chord, bar: Bar) -> str:
        if bar.start + chord.value.end in self.pauses:
            return "fermata"
        return "staccato" if chord.is_detached else ""


def _height(notes: Sequence[WrittenNote]) -> float:
    """Mean pitch of the highest notes: a tune in octaves is above what lies within them."""
    highest: dict[int, int] = {}
    for note in notes:
        highest[note.start] = max(note.pitch, highest.get(note.start, note.pitch))
    return float(np.mean(list(highest.values())))


def _rhythm(notes: Sequence[WrittenNote]) -> set[tuple[int, int]]:
    return {(note.start, note.end) for note in notes}


def written_key(player: Player, fifths: int) -> tuple[int, int]:
    """Signature in which a player reads, and the steps of the interval above what sounds."""
    steps = player.steps_above
    written = fifths + 7 * player.written_above % 12
    return (written - 12, steps + 1) if written > 6 else (written, steps)


def _clef(staff: Staff, notes: Sequence[WrittenNote]) -> Clef:
    """A staff's clef; of parts that are read octaves lower than they sound, by how many; of those
    that may change, by the middle note.
    """
    if staff.may_be_treble and notes and np.median([note.pitch for note in notes]) > MIDDLE_C:
        return TREBLE
    if not staff.is_high:
        return staff.clef
    low = float(np.quantile([note.pitch for note in notes], LOW_SHARE))
    return staff.clef._replace(octaves=int(np.clip((low - READ_LOWEST) // 12, 0, 2)))


def _dynamic(mark: str) -> Element:
    direction = Element("direction", placement="below")
    add_(add_(add_(direction, "direction-type"), "dynamics"), mark)
    return direction
