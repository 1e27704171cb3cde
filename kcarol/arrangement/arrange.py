"""The carol arranger: a deterministic function of lead sheet, time grid and style.

Everything it plays follows from audible features of the pop version (tune, chords, bass, beat,
groove, energy), because a network trained by mean squared error blurs what it cannot predict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kcarol.arrangement.sleigh_bells import sleigh_bells
from kcarol.arrangement.styles import CarolStyle, Layer
from kcarol.config import TUNE_CENTRE
from kcarol.model.instruments import Instrument
from kcarol.transcription.lead_sheet import (
    TOLERANCE,
    Chord,
    LeadSheet,
    Metre,
    Note,
    Part,
    Stroke,
    TimeGrid,
)

HARMONY_LOWEST = 60  # MIDI, C4: the harmony's octave, and the bell's
# MIDI, G2: lower notes are doubled here, since mel bands do not resolve semitones there
BASS_LOWEST = 43
HARMONY_TONES = 4  # of a chord, at most
ARPEGGIO = (0, 1, 2, 3, 2, 1)  # order of chord tones over the parts of a bar
ARPEGGIO_RINGS = 1.5  # beats, at most to the end of the chord
# how much softer than the middle velocity each role is
SOFTER = {"tune": -10, "harmony": 8, "bass": 4, "toll": 10}
MIDDLE_VELOCITY, MIDDLE_ENERGY = 82, 0.6


class _Step(NamedTuple):
    start: float  # beats
    length: float
    part: int  # of the bar, from 0


def arrange_carol(sheet: LeadSheet, grid: TimeGrid, style: CarolStyle) -> tuple[Part, ...]:
    """The carol's parts, the sleigh bells last."""
    # the loudest layer has 0 dB: the synthesiser has no volume far above
    loudest_db = max((layer.gain_db for layer in style.layers), default=0.0)
    parts = tuple(
        Part(
            f"{layer.role}{i}",
            _strokes(sheet, grid, style, layer),
            layer.instrument.program,
            gain_db=layer.gain_db - loudest_db,
            pan=layer.instrument.pan,
        )
        for i, layer in enumerate(style.layers)
    )
    return (*parts, sleigh_bells(sheet, grid, style))


def _strokes(
    sheet: LeadSheet, grid: TimeGrid, style: CarolStyle, layer: Layer
) -> tuple[Stroke, ...]:
    """What one layer plays, in seconds."""
    play = {"tune": _tune, "harmony": _harmony, "bass": _bass, "toll": _toll}[layer.role]
    strokes = []
    for note in play(sheet, layer):
        start_s = float(grid.time_s(note.start))
        length_s = float(grid.end_s(note.end)) - start_s
        velocity = _velocity(sheet, style, note.start, SOFTER[layer.role])
        pitch = _within(note.pitch + layer.shift, layer.instrument)
        strokes.append(Stroke(start_s, length_s * layer.lift, pitch, velocity))
    return tuple(strokes)


def _within(pitch: int, instrument: Instrument) -> int:
    """The pitch by as few octaves as bring it into an instrument's range."""
    up = max(0, -(-(instrument.lowest - pitch) // 12))
    down = max(0, -(-(pitch - instrument.highest) // 12))
    return pitch + 12 * (up - down)


def _velocity(sheet: LeadSheet, style: CarolStyle, beat: float, softer: float) -> int:
    """MIDI velocity by the section's energy, the groove's accents and the bar's first beat."""
    weight = style.accent * (0.4 if sheet.is_accented(beat) else -0.6)
    if sheet.metre_at(beat).place(beat) < 0.01:
        weight += 4
    energy = style.dynamics * 60 * (sheet.energy_at(beat) - MIDDLE_ENERGY)
    return int(np.clip(MIDDLE_VELOCITY + energy + weight - softer, 20, 124))


def _tune(sheet: LeadSheet, layer: Layer) -> Iterator[Note]:
    shift = tune_shift(sheet.notes)
    for note in sheet.notes:
        if sheet.energy_at(note.start) >= layer.from_energy:
            yield Note(note.start, note.length, note.pitch + shift)


def _harmony(sheet: LeadSheet, layer: Layer) -> Iterator[Note]:
    tune = _TunePitch(sheet)
    for chord in _chords(sheet, layer):
        pitches = voicing(chord.pitch_classes)
        if layer.pattern == "arpeggio":
            ladder = [*pitches, pitches[0] + 12]
            for start, _, part in _steps(sheet, chord, layer.pattern):
                pitch = ladder[ARPEGGIO[part % len(ARPEGGIO)] % len(ladder)]
                yield Note(start, min(ARPEGGIO_RINGS, chord.end - start), pitch)
        else:
            for start, length, _ in _steps(sheet, chord, layer.pattern):
                for pitch in _below(pitches, tune.at(start), layer.shift):
                    yield Note(start, length, pitch)


def _bass(sheet: LeadSheet, layer: Layer) -> Iterator[Note]:
    for chord in _chords(sheet, layer):
        pitch = BASS_LOWEST + (chord.bass_class - BASS_LOWEST) % 12
        for start, length, _ in _steps(sheet, chord, layer.pattern):
            yield Note(start, length, pitch)


def _toll(sheet: LeadSheet, layer: Layer) -> Iterator[Note]:
    """A bell on the first beat of each bar: the bass note, above the harmony."""
    for chord in _chords(sheet, layer):
        pitch = HARMONY_LOWEST + (chord.bass_class - HARMONY_LOWEST) % 12
        for start, length, part in _steps(sheet, chord, "hold"):
            if part == 0:
                yield Note(start, length, pitch)


def tune_shift(notes: Iterable[Note]) -> int:
    """Octaves in semitones that bring a tune's median nearest to TUNE_CENTRE."""
    pitches = [note.pitch for note in notes]
    return 12 * round((TUNE_CENTRE - float(np.median(pitches))) / 12) if pitches else 0


def voicing(pitch_classes: Iterable[int]) -> list[int]:
    """Each pitch class in the harmony's octave: common tones stay, others move little."""
    tones = list(pitch_classes)[:HARMONY_TONES]
    return sorted(HARMONY_LOWEST + (pc - HARMONY_LOWEST) % 12 for pc in tones)


def _below(pitches: list[int], tune: int | None, shift: int) -> list[int]:
    """Four-part writing: notes that would sound above the shifted tune move an octave down."""
    if tune is None:
        return pitches
    return sorted({pitch if pitch + shift < tune else pitch - 12 for pitch in pitches})


class _TunePitch:
    """Pitch of the carol's tune."""

    def __init__(self, sheet: LeadSheet):
        self.notes = sheet.notes
        self.shift = tune_shift(sheet.notes)
        self.starts = np.array([note.start for note in sheet.notes])

    def at(self, beat: float) -> int | None:
        """At a beat; None where the tune rests."""
        i = int(np.searchsorted(self.starts, beat + 1e-6)) - 1
        sounds = i >= 0 and beat < self.notes[i].end - 1e-6
        return self.notes[i].pitch + self.shift if sounds else None


def _chords(sheet: LeadSheet, layer: Layer) -> list[Chord]:
    chords = harmony_spans(sheet)
    return [chord for chord in chords if sheet.energy_at(chord.start) >= layer.from_energy]


def harmony_spans(sheet: LeadSheet) -> list[Chord]:
    """The chords that sound; equal neighbours are merged and struck once."""

    def sounds_like(chord: Chord) -> tuple:
        return set(chord.pitch_classes), chord.bass_class, sheet.energy_at(chord.start)

    spans: list[Chord] = []
    for chord in sheet.chords:
        last = spans[-1] if spans else None
        if chord.silent:
            continue
        follows = last is not None and abs(last.end - chord.start) < 1e-6
        if follows and sounds_like(last) == sounds_like(chord):
            spans[-1] = replace(last, length=chord.end - last.start)
        else:
            spans.append(chord)
    return spans


def _steps(sheet: LeadSheet, chord: Chord, pattern: str) -> list[_Step]:
    """The strokes of one chord; one is always at its start."""
    marks = [
        mark
        for metre, end in sheet.metre_spans()
        for mark in _marks(
            sheet, metre, pattern, max(chord.start, metre.start), min(chord.end, end)
        )
    ]
    inner = (mark for mark in marks if chord.start + TOLERANCE < mark < chord.end - TOLERANCE)
    starts = sorted({chord.start, *inner})
    ends = [*starts[1:], chord.end]
    return [
        _Step(start, end - start, _part(sheet, start))
        for start, end in zip(starts, ends, strict=True)
    ]


def _part(sheet: LeadSheet, beat: float) -> int:
    """Number of the part of its bar that is nearest to a beat."""
    metre = sheet.metre_at(beat)
    return round(metre.division * metre.place(beat))


def _marks(sheet: LeadSheet, metre: Metre, pattern: str, start: float, end: float) -> list[float]:
    """Where a pattern strikes within [start, end) beats of one metre."""
    bar, part = metre.beats_per_bar, 1 / metre.division
    half_bar = bar / 2 if bar % 2 == 0 else bar
    spacing = {"hold": bar, "half": half_bar, "beat": 1.0, "groove": 1.0}.get(pattern, part)
    marks = _multiples(spacing, metre, start, end)
    if pattern == "accents":
        return [mark for mark in marks if sheet.is_accented(mark)]
    if pattern == "groove":
        parts = _multiples(part, metre, start, end)
        marks += [mark for mark in parts if sheet.is_accented(mark) and mark not in marks]
    return marks


def _multiples(spacing: float, metre: Metre, start: float, end: float) -> list[float]:
    """Beats within [start, end) that are multiples of `spacing` from the metre's beginning."""
    first = np.ceil((start - metre.start) / spacing - TOLERANCE)
    last = np.ceil((end - metre.start) / spacing - TOLERANCE)
    return [metre.start + k * spacing for k in range(int(first), int(last))]
