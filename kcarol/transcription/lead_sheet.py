"""Lead sheets: a song before it is arranged (key, tempo, form, chords, tune).

Time is counted in beats. Bars are told by metres, as by the time signatures of a score: a `Metre`
holds from the beat on at which it starts, until the next one, and its bars follow one another from
there; a single short bar is two changes of metre. What a beat is:

    2/4, 3/4, 4/4, 5/4, 7/4      the quarter, `division` 2
    6/8, 9/8, 12/8               the dotted quarter: 2, 3 or 4 beats a bar, `division` 3
    5/8, 7/8                     the eighth: 5 or 7 beats a bar, `division` 2

`division` is the number of equal parts of a beat on which a groove strikes: halves (which swing may
move) or, in compound time, thirds. Grooves (`accents`) have a value for each part of a bar:
`division * beats_per_bar` of them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# semitones above the root
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "6": (0, 4, 7, 9),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "add9": (0, 2, 4, 7),
}

ACCENT = 0.5  # parts of a groove at least this strong are strokes
ENERGY = 0.6  # of a section, by default
TOLERANCE = 1e-6  # beats


@dataclass(frozen=True)
class Span:
    """A stretch of the song."""

    start: float  # beats from the beginning
    length: float  # beats

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True)
class Note(Span):
    pitch: int  # MIDI


@dataclass(frozen=True)
class Vowel(Span):
    """A vowel of the song's text."""

    vowel: int  # number of `model.vowels.VOWELS`
    begins: bool = True  # a syllable begins with it


@dataclass(frozen=True)
class Chord(Span):
    root: int  # pitch class, C = 0
    quality: str = "maj"  # a key of QUALITIES
    bass: int | None = None  # pitch class of the bass, None: the root
    silent: bool = False  # N.C.: no chord, only drums play

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        return tuple((self.root + step) % 12 for step in QUALITIES[self.quality])

    @property
    def bass_class(self) -> int:
        return self.root if self.bass is None else self.bass


@dataclass(frozen=True)
class Section:
    name: str  # intro, verse, chorus, bridge, outro ...
    start: float  # beats from the beginning
    length: float  # beats
    energy: float = ENERGY  # 0 to 1: how full the arrangement is
    sung: bool = True  # False: instrumental, the tune rests
    accents: tuple[float, ...] = ()  # the section's own groove; none: the sheet's
    label: str = ""  # sections with the same label are the same music; empty: the name

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True)
class BarShape(Span):
    """How loud and how busy one bar of the song's record is."""

    level_db: float  # loudness re the song's loud passages (their 80th percentile)
    strokes_per_s: float  # onsets of the whole band, as detected in the record


@dataclass(frozen=True)
class Metre:
    """How bars and beats divide from a beat on; a bar begins there."""

    start: float  # beats from the beginning
    beats_per_bar: int
    division: int = 2  # parts of a beat: 2, or 3 in compound time

    @property
    def parts_per_bar(self) -> int:
        return self.division * self.beats_per_bar

    def place(self, beat: float) -> float:
        """Beats from the beginning of the bar that a beat lies in."""
        place = (beat - self.start) % self.beats_per_bar
        return 0.0 if self.beats_per_bar - place < TOLERANCE else place

    def part(self, beat: float) -> int | None:
        """Number of the part of the bar that begins at a beat; None between parts."""
        part = self.division * self.place(beat)
        return round(part) if abs(part - round(part)) < TOLERANCE * self.division else None


@dataclass(frozen=True)
class LeadSheet:
    """A song on a grid of beats. Notes and chords are sorted; chords cover the whole length."""

    title: str
    tempo_bpm: float
    beats_per_bar: int  # at the beginning
    key: int  # pitch class of the tonic
    mode: str  # "major" or "minor"
    notes: tuple[Note, ...]
    chords: tuple[Chord, ...]
    sections: tuple[Section, ...]
    # 0 straight to 1/3 triplets: how late the off-beat eighth comes, in beats / 2
    swing: float = 0.0
    accents: tuple[float, ...] = ()  # of a bar's parts, 0 to 1: the groove as composed
    division: int = 2  # parts of a beat, at the beginning
    changes: tuple[Metre, ...] = ()  # of the metre after the beginning, sorted
    bars: tuple[BarShape, ...] = ()  # of the record, one a bar; empty: not known
    text: tuple[Vowel, ...] = ()  # that is sung, sorted; between them no vowel is known

    @property
    def n_beats(self) -> float:
        return self.chords[-1].end

    @property
    def metres(self) -> tuple[Metre, ...]:
        """The metres of the song, the first from beat 0 on."""
        return (Metre(0.0, self.beats_per_bar, self.division), *self.changes)

    def metre_at(self, beat: float) -> Metre:
        begun = [metre for metre in self.metres if metre.start <= beat + TOLERANCE]
        return begun[-1] if begun else self.metres[0]

    def metre_spans(self) -> list[tuple[Metre, float]]:
        """Each metre and the beat at which it ends."""
        ends = [*(metre.start for metre in self.changes), self.n_beats]
        return list(zip(self.metres, ends, strict=True))

    def bar_starts(self) -> np.ndarray:
        """(N,) beats at which bars begin."""
        return np.concatenate(
            [np.arange(m.start, end - TOLERANCE, m.beats_per_bar) for m, end in self.metre_spans()]
        )

    def part_starts(self) -> np.ndarray:
        """(N,) beats at which the parts of beats begin."""
        return np.concatenate(
            [
                m.start + np.arange(round(m.division * (end - m.start))) / m.division
                for m, end in self.metre_spans()
            ]
        )

    @property
    def length_s(self) -> float:
        return self.n_beats * 60 / self.tempo_bpm

    def section_at(self, beat: float) -> Section | None:
        i = bisect_right(self.sections, beat, key=attrgetter("start")) - 1
        return self.sections[i] if i >= 0 and beat < self.sections[i].end else None

    def energy_at(self, beat: float) -> float:
        section = self.section_at(beat)
        return ENERGY if section is None else section.energy

    def is_accented(self, beat: float) -> bool:
        """Whether a beat is a part of a bar on which the groove strikes."""
        metre, section = self.metre_at(beat), self.section_at(beat + TOLERANCE)
        groove = (section and section.accents) or self.accents
        groove = groove or (1.0,) + (0.0,) * (metre.parts_per_bar - 1)
        part = metre.part(beat)
        return part is not None and groove[part % len(groove)] >= ACCENT


@dataclass(frozen=True)
class TimeGrid:
    """When each beat falls: one time grid for the pop and the carol arrangement."""

    beat_times_s: np.ndarray  # (n_beats + 1,), rising
    beats_per_bar: int
    swing: float = 0.0
    pauses_s: np.ndarray | None = None  # (n_beats,) silence at the end of each beat; None: none

    @classmethod
    def of(
        cls, sheet: LeadSheet, rng: np.random.Generator | None = None, drift: float = 0.01
    ) -> TimeGrid:
        """Grid of a sheet; with `rng` the tempo wanders slowly by about `drift` (a share of the
        tempo).
        """
        n_beats = int(np.ceil(sheet.n_beats))
        lengths = np.full(n_beats, 60 / sheet.tempo_bpm)
        if rng is not None:
            knots = rng.normal(0, drift, size=max(2, n_beats // 8 + 2))
            lengths *= 1 + np.interp(np.arange(n_beats) / 8, np.arange(len(knots)), knots)
        return cls(np.concatenate([[0.0], np.cumsum(lengths)]), sheet.beats_per_bar, sheet.swing)

    def time_s(self, beat):
        """Seconds of a position in beats (number or array); the second half of a beat comes late
        by the swing.
        """
        beat = self._within(beat)
        return self._time_s(np.floor(beat + 1e-9), beat)

    def end_s(self, beat):
        """Seconds at which what lasts to a position in beats ends: before a pause, not after it."""
        beat = self._within(beat)
        return self._time_s(np.maximum(np.ceil(beat - 1e-9) - 1, 0), beat)

    def beats_at(self, times_s) -> np.ndarray:
        """Inverse of `time_s`; within a pause, where it ends."""
        times_s = np.asarray(times_s, dtype=float)
        n_beats = len(self.beat_times_s) - 1
        whole = np.searchsorted(self.beat_times_s, times_s + 1e-9, side="right") - 1
        whole = whole.clip(0, n_beats - 1)
        pauses_s = 0.0 if self.pauses_s is None else self.pauses_s
        lengths_s = np.diff(self.beat_times_s) - pauses_s
        part = ((times_s - self.beat_times_s[whole]) / lengths_s[whole]).clip(0, 1)
        late = 0.5 + self.swing / 2
        halves = np.where(part < late, part / late, 1 + (part - late) / (1 - late))
        return whole + halves / 2

    def _within(self, beat) -> np.ndarray:
        return np.clip(np.asarray(beat, dtype=float), 0, len(self.beat_times_s) - 1)

    def _time_s(self, whole: np.ndarray, beat: np.ndarray) -> np.ndarray:
        """Seconds of positions in the beats numbered `whole`."""
        part = beat - whole
        late = 0.5 + self.swing / 2
        part = np.where(part < 0.5, part * late / 0.5, late + (part - 0.5) * (1 - late) / 0.5)
        pauses_s = 0.0 if self.pauses_s is None else self.pauses_s
        lengths_s = np.append(np.diff(self.beat_times_s) - pauses_s, 0.0)
        whole = whole.astype(int)
        return self.beat_times_s[whole] + part * lengths_s[whole]

    @property
    def length_s(self) -> float:
        return float(self.beat_times_s[-1])


@dataclass(frozen=True)
class Stroke:
    """One sounding note of an arrangement, in seconds."""

    start_s: float
    length_s: float
    pitch: float  # MIDI; drums: General MIDI drum note
    velocity: int  # 1 to 127


@dataclass(frozen=True)
class SungVowel:
    """A vowel that somebody sings, in seconds."""

    start_s: float
    end_s: float
    vowel: int  # number of `model.vowels.VOWELS`
    begins: bool = True  # a syllable begins with it


@dataclass(frozen=True)
class Part:
    """What one instrument plays."""

    name: str  # lead, second, chords, pad, bass, drums, arp, sleigh ...
    strokes: tuple[Stroke, ...]
    program: int = 0  # General MIDI, from 0; of drums: the kit
    is_drums: bool = False
    gain_db: float = 0.0
    pan: float = 0.0  # -1 left to 1 right
    text: tuple[SungVowel, ...] = ()  # of a choir; elsewhere it sings as its samples do
