"""The score of a pop band: what players read (bars, scales, accents) and write (events)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kcarol.corpus.lead_sheet.chords import cut_chords
from kcarol.transcription.lead_sheet import SCALES, Chord, LeadSheet, Section

TUNE_MIDI = 66.0  # where there is no tune
# accents of sheets that have none, by beats in a bar
ACCENTS = {4: (1.0, 0.2, 0.5, 0.2, 0.8, 0.2, 0.5, 0.3), 3: (1.0, 0.2, 0.5, 0.2, 0.6, 0.2)}
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
    """The sheet as its players read it."""

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
        has_accents = len(sheet.accents) == 2 * sheet.beats_per_bar
        pitches = [note.pitch for note in sheet.notes]
        return cls(
            sheet,
            _bars(sheet),
            tuple(_scale(sheet, section) for section in sheet.sections),
            sheet.accents if has_accents else ACCENTS[4 if sheet.beats_per_bar == 4 else 3],
            float(np.median(pitches)) if pitches else TUNE_MIDI,
        )

    @property
    def beats_per_bar(self) -> int:
        return self.sheet.beats_per_bar

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.sheet.sections

    def chord_at(self, beat: float) -> Chord:
        bar = self.bars[min(max(int(beat / self.beats_per_bar), 0), len(self.bars) - 1)]
        begun = [chord for chord in bar.chords if chord.start <= beat + 1e-6]
        return begun[-1] if begun else bar.chords[0]

    def accent_at(self, beat: float) -> float:
        """Accent of the eighth that a beat lies in."""
        return self.accents[int(beat % self.beats_per_bar * 2) % len(self.accents)]

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


def _bars(sheet: LeadSheet) -> tuple[Bar, ...]:
    n = sheet.beats_per_bar
    starts = [n * i for i in range(max(1, int(np.ceil(sheet.n_beats / n - 1e-6))))]
    sections = [_section_at(sheet, min(start + n / 2, sheet.n_beats - 1e-3)) for start in starts]
    bars = []
    for i, start in enumerate(starts):
        end = min(start + n, sheet.n_beats)
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
