"""The score of a pop band: what players read (bars, scales, accents) and write (events)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kcarol.corpus.lead_sheet.chords import cut_chords
from kcarol.corpus.lead_sheet.editing import cut
from kcarol.corpus.lead_sheet.metres import composed_accents
from kcarol.transcription.lead_sheet import SCALES, Chord, LeadSheet, Section

TUNE_MIDI = 66.0  # where there is no tune
STRONG_BEATS = {4: (0, 2), 5: (0, 3), 7: (0, 2, 4)}  # by beats in a bar; others: the first
KEY_CHANGES = (0, 1, 2, 3, -1, -2)  # semitones


class Event(NamedTuple):
    """A note before it is performed."""

    beat: float
    length: float  # beats
    pitch: float  # MIDI, or a drum note
    velocity: float
    delay_s: float = 0.0

    @property
    def end(self) -> float:
        return self.beat + self.length


@dataclass(frozen=True)
class Bar:
    """One bar of the sheet; chords are cut at its ends."""

    index: int
    start: float  # beats
    length: float  # beats, the last bar may be short
    chords: tuple[Chord, ...]
    section: int
    energy: float
    sung: bool
    is_first: bool  # of its section
    is_last: bool

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True)
class Score:
    """The sheet as its players read it.

    Players write for one metre: `in_each_metre` lets them write for each stretch of a song.
    """

    sheet: LeadSheet
    bars: tuple[Bar, ...]
    scales: tuple[frozenset[int], ...]  # pitch classes, by section
    accents: tuple[float, ...]
    tune_midi: float  # median pitch of the tune

    @classmethod
    def of(cls, sheet: LeadSheet) -> Score:
        if not sheet.chords or not sheet.sections:
            raise ValueError(
                f"a lead sheet needs chords and sections, {sheet.title!r} has {len(sheet.chords)} "
                f"chords and {len(sheet.sections)} sections: give it at least one of each"
            )
        pitches = [note.pitch for note in sheet.notes]
        return cls(
            sheet,
            _bars(sheet),
            tuple(_scale(sheet, section) for section in sheet.sections),
            _accents(sheet),
            float(np.median(pitches)) if pitches else TUNE_MIDI,
        )

    @property
    def beats_per_bar(self) -> int:
        return self.sheet.beats_per_bar

    @property
    def division(self) -> int:
        """Parts of a beat: 3 in compound time."""
        return self.sheet.division

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.sheet.sections

    @property
    def parts_per_minute(self) -> float:
        return self.division * self.sheet.tempo_bpm

    @property
    def strong_beats(self) -> tuple[int, ...]:
        """Beats of a bar on which its groups begin: five are three and two, seven 2 + 2 + 3."""
        return STRONG_BEATS.get(self.beats_per_bar, (0,))

    def in_each_metre(self, write: Callable[[Score], list[Event]]) -> list[Event]:
        """What a player writes for each stretch of the song that is in one metre."""
        if not self.sheet.changes:
            return write(self)
        return [
            event._replace(beat=event.beat + metre.start)
            for metre, end in self.sheet.metre_spans()
            for event in write(Score.of(cut(self.sheet, metre.start, end)))
        ]

    def chord_at(self, beat: float) -> Chord:
        number = bisect_right(self.bars, beat + 1e-6, key=lambda bar: bar.start) - 1
        bar = self.bars[max(number, 0)]
        begun = [chord for chord in bar.chords if chord.start <= beat + 1e-6]
        return begun[-1] if begun else bar.chords[0]

    def accent_at(self, beat: float) -> float:
        """Accent of the part of a bar that a beat lies in."""
        metre, section = self.sheet.metre_at(beat), self.sections[self.section_at(beat)]
        accents = section.accents or self.accents
        return accents[int(metre.place(beat) * metre.division + 1e-6) % len(accents)]

    def section_at(self, beat: float) -> int:
        """Index of the last section that has begun, 0 before the first."""
        return _section_at(self.sheet, beat)

    def draw_bars(self, rng: np.random.Generator, threshold: float) -> list[Bar]:
        """Bars of the sections in `draw_sections`."""
        sections = self.draw_sections(rng, threshold)
        return [bar for bar in self.bars if bar.section in sections]

    def draw_sections(self, rng: np.random.Generator, threshold: float) -> frozenset[int]:
        """Sections whose energy, with some noise, reaches `threshold`."""
        noise = rng.normal(0, 0.1, len(self.sections))
        return frozenset(i for i, s in enumerate(self.sections) if s.energy + noise[i] >= threshold)


def velocity_of(energy: float, strength: float) -> float:
    """MIDI velocity of a stroke, from the section's energy and the stroke's strength, 0 to 1."""
    return (48 + 52 * energy) * (0.7 + 0.4 * strength)


def _section_at(sheet: LeadSheet, beat: float) -> int:
    return max((i for i, s in enumerate(sheet.sections) if s.start <= beat), default=0)


def _accents(sheet: LeadSheet) -> tuple[float, ...]:
    """The groove of the beginning as composed, else the usual one of the metre."""
    for accents in (sheet.sections[0].accents, sheet.accents):
        if len(accents) == sheet.metres[0].parts_per_bar:
            return accents
    return composed_accents(sheet.beats_per_bar, sheet.division)[0]


def _bars(sheet: LeadSheet) -> tuple[Bar, ...]:
    edges = [*sheet.bar_starts().tolist(), float(sheet.n_beats)]
    starts, ends = edges[:-1], edges[1:]
    sections = [_section_at(sheet, (a + b) / 2) for a, b in zip(starts, ends, strict=True)]
    bars = []
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        section = sheet.sections[sections[i]]
        bars.append(
            Bar(
                i,
                start,
                end - start,
                tuple(cut_chords(sheet.chords, start, end, 0.0)),
                sections[i],
                section.energy,
                section.sung,
                is_first=i == 0 or sections[i - 1] != sections[i],
                is_last=i == len(starts) - 1 or sections[i + 1] != sections[i],
            )
        )
    return tuple(bars)


def _scale(sheet: LeadSheet, section: Section) -> frozenset[int]:
    """The sheet's scale, or the shifted one that fits a section's chords and notes better."""
    end = section.end
    chords = [chord for chord in sheet.chords if section.start <= chord.start < end]
    heard = [pc for chord in chords for pc in chord.pitch_classes]
    heard += [note.pitch % 12 for note in sheet.notes if section.start <= note.start < end]
    scales = [
        frozenset((sheet.key + shift + step) % 12 for step in SCALES[sheet.mode])
        for shift in KEY_CHANGES
    ]
    # where several fit equally, the first: no change
    return max(scales, key=lambda scale: sum(pc in scale for pc in heard))
