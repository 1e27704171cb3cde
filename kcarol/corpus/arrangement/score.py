"""What the players of a pop band read: bars, scales and accents of a lead sheet, and small tools to
draw notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcarol.transcription.lead_sheet import SCALES, Chord, LeadSheet, Section

# beat, length (beats), pitch (MIDI or drum note), velocity, delay (s)
Event = tuple[float, float, float, float, float]


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
    """The sheet as its players read it: bars with chords and energy, a scale for each section,
    accents in eighths.
    """

    sheet: LeadSheet
    bars: tuple[Bar, ...]
    scales: tuple[frozenset[int], ...]  # pitch classes, by section
    accents: tuple[float, ...]
    tune_midi: float  # median pitch of the tune

    @property
    def beats_per_bar(self) -> int:
        return self.sheet.beats_per_bar

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.sheet.sections

    def chord_at(self, beat: float) -> Chord:
        bar = self.bars[min(max(int(beat / self.beats_per_bar), 0), len(self.bars) - 1)]
        return next(
            (chord for chord in reversed(bar.chords) if chord.start <= beat + 1e-6), bar.chords[0]
        )

    @classmethod
    def of(cls, sheet: LeadSheet) -> Score:
        if not sheet.chords or not sheet.sections:
            raise ValueError(
                f"a lead sheet needs chords and sections, {sheet.title!r} has {len(sheet.chords)} chords and "
                f"{len(sheet.sections)} sections: give it at least one of each"
            )
        default = (
            (1.0, 0.2, 0.5, 0.2, 0.8, 0.2, 0.5, 0.3)
            if sheet.beats_per_bar == 4
            else (1.0, 0.2, 0.5, 0.2, 0.6, 0.2)
        )
        accents = sheet.accents if len(sheet.accents) == 2 * sheet.beats_per_bar else default
        tune_midi = float(np.median([note.pitch for note in sheet.notes])) if sheet.notes else 66.0
        return cls(
            sheet,
            _bars(sheet),
            tuple(_scale(sheet, section) for section in sheet.sections),
            tuple(accents),
            tune_midi,
        )


def _bars(sheet: LeadSheet) -> tuple[Bar, ...]:
    n, bars, chord_index = sheet.beats_per_bar, [], 0
    n_bars = max(1, int(np.ceil(sheet.n_beats / n - 1e-6)))
    section_of = [
        section_at(sheet, min((i + 0.5) * n, sheet.n_beats - 1e-3)) for i in range(n_bars)
    ]
    for i in range(n_bars):
        start, end = i * n, min((i + 1) * n, sheet.n_beats)
        while (
            chord_index + 1 < len(sheet.chords)
            and sheet.chords[chord_index + 1].start <= start + 1e-6
        ):
            chord_index += 1
        chords, k = [], chord_index
        while k < len(sheet.chords) and sheet.chords[k].start < end - 1e-6:
            chord = sheet.chords[k]
            first, last = max(chord.start, start), min(chord.start + chord.length, end)
            chords.append(replace(chord, start=first, length=max(last - first, 1e-3)))
            k += 1
        s = section_of[i]
        section = sheet.sections[s]
        edges = i == 0 or section_of[i - 1] != s, i == n_bars - 1 or section_of[i + 1] != s
        bars.append(
            Bar(i, start, end - start, tuple(chords), s, section.energy, section.sung, *edges)
        )
    return tuple(bars)


def section_at(sheet: LeadSheet, beat: float) -> int:
    return max((i for i, section in enumerate(sheet.sections) if section.start <= beat), default=0)


def _scale(sheet: LeadSheet, section: Section) -> frozenset[int]:
    """Scale of a section: the sheet's, or shifted where the section's chords and notes say that the
    key has changed.
    """
    end = section.start + section.length
    heard = [pc for c in sheet.chords if section.start <= c.start < end for pc in c.pitch_classes]
    heard += [note.pitch % 12 for note in sheet.notes if section.start <= note.start < end]
    scales = [
        frozenset((sheet.key + shift + step) % 12 for step in SCALES[sheet.mode])
        for shift in (0, 1, 2, 3, -1, -2)
    ]
    # the first one where equal: no change
    return max(scales, key=lambda scale: sum(pc in scale for pc in heard))


def pick(rng: np.random.Generator, items: Sequence):
    return items[int(rng.integers(len(items)))]


def pick_weighted(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    names = list(weights)
    edges = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def nearest_pitch(pitch_class: int, centre: float) -> int:
    """MIDI pitch of a pitch class nearest to `centre`."""
    return int(pitch_class + 12 * round((centre - pitch_class) / 12))


def scale_step(pitch: float, steps: int, scale: Iterable[int]) -> int:
    """MIDI pitch `steps` degrees of the scale above (below: negative) `pitch`."""
    pitch, direction = int(pitch), 1 if steps > 0 else -1
    for _ in range(abs(steps)):
        pitch += direction
        while pitch % 12 not in scale:
            pitch += direction
    return pitch


def voicing_of(chord: Chord, centre: float, kind: str) -> tuple[int, ...]:
    """MIDI pitches of a chord around `centre`, low to high."""
    pcs = chord.pitch_classes
    if kind == "power":
        root = nearest_pitch(chord.root, centre - 12)
        return (root, root + (pcs[2] - pcs[0]) % 12, root + 12)
    if kind == "guitar":
        strings = [nearest_pitch(chord.bass_class, 43)]
        # the next tone above, rather one that does not sound yet: ninths and sixths lie high
        while len(strings) < 5:
            reach = [
                pitch for pitch in range(strings[-1] + 3, strings[-1] + 15) if pitch % 12 in pcs
            ]
            sounding = {string % 12 for string in strings}
            fresh = [
                pitch for pitch in reach if pitch % 12 not in sounding and pitch < reach[0] + 6
            ]
            strings.append((fresh or reach)[0])
        return tuple(strings)
    close = sorted(nearest_pitch(pc, centre) for pc in pcs)
    if kind == "open" and len(close) > 2:
        close = sorted([close[0], close[1] - 12, *close[2:]])
    return tuple(close)


def sections_played(score: Score, rng: np.random.Generator, threshold: float) -> frozenset[int]:
    """Sections whose energy, give or take, reaches `threshold`."""
    noise = rng.normal(0, 0.1, len(score.sections))
    return frozenset(
        i for i, section in enumerate(score.sections) if section.energy + noise[i] >= threshold
    )


def velocity_of(energy: float, strength: float) -> float:
    return (48 + 52 * energy) * (0.7 + 0.4 * strength)
