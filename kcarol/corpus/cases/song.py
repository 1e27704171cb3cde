"""The notes of a case: chords, a tune, and what the band strikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.corpus.cases.passages import Metre
from kcarol.corpus.draws import pick
from kcarol.corpus.lead_sheet.chords import parse_chord
from kcarol.corpus.tables import floats, read_table, rows
from kcarol.transcription.lead_sheet import SCALES, Chord, Note

STRUCK = {"held": None, "beats": 1.0, "halves": 0.5}  # how often chords are struck, beats
PHRASE = 4  # bars, at whose end the voice breathes
NEAR = 3.0  # semitones: leaps of a tune are about this wide
REPEATED = 0.35  # weight of the same pitch again
AGAIN = 0.5  # share of bars with the rhythm of the bar before the last

Hit = tuple[float, int]  # beat in a passage, General MIDI drum
KICK, SNARE, HAT, CRASH = 36, 38, 42, 49


@dataclass(frozen=True)
class Song:
    """What the passages of one song share."""

    key: int  # pitch class of the tonic
    mode: str  # "major" or "minor"
    progression: tuple[str, ...]  # degrees, a bar each
    comping: str  # a key of STRUCK

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Song:
        mode = pick(rng, ("major", "major", "minor"))
        progressions = rows(read_table("cases", "music.ini")["progressions"][mode])
        progression = tuple(pick(rng, progressions).split())
        return cls(int(rng.integers(12)), mode, progression, pick(rng, tuple(STRUCK)))

    @property
    def scale(self) -> set[int]:
        return {(self.key + step) % 12 for step in SCALES[self.mode]}

    def chords(self, metre: Metre, n_beats: int) -> list[Chord]:
        """A chord for each bar."""
        starts = range(0, n_beats, metre.beats)
        symbols = [self.progression[k % len(self.progression)] for k in range(len(starts))]
        return [
            parse_chord(symbol, float(start), float(metre.beats), self.key)
            for symbol, start in zip(symbols, starts, strict=True)
        ]


def draw_tune(
    song: Song,
    metre: Metre,
    chords: list[Chord],
    lowest: int,
    highest: int,
    rng: np.random.Generator,
) -> list[Note]:
    """A tune over chords: mostly steps, tones of the chord on the beat."""
    notes: list[Note] = []
    pitch = (lowest + highest) // 2
    rhythms: list[list[float]] = []
    for k, chord in enumerate(chords):
        repeats = k > 1 and rng.random() < AGAIN
        rhythms.append(rhythms[k - 2] if repeats else _draw_rhythm(metre, rng))
        tones = set(chord.pitch_classes)
        start = chord.start
        for length in rhythms[k]:
            on_beat = abs(start - round(start)) < 1e-3
            classes = tones if on_beat else song.scale | tones
            pitch = _next_pitch(pitch, classes, lowest, highest, rng)
            notes.append(Note(start, length, pitch))
            start += length
        if k % PHRASE == PHRASE - 1 and len(rhythms[k]) > 1:
            notes.pop()
    return notes


def _draw_rhythm(metre: Metre, rng: np.random.Generator) -> list[float]:
    """Lengths in beats that fill a bar."""
    cells = read_table("cases", "music.ini")["rhythms"][str(metre.eighths)].split("/")
    lengths: list[float] = []
    while (left := metre.beats - sum(lengths)) > 1e-3:
        cell = floats(pick(rng, cells))
        if sum(cell) <= left + 1e-3:
            lengths += cell
    return lengths


def _next_pitch(
    pitch: int, classes: set[int], lowest: int, highest: int, rng: np.random.Generator
) -> int:
    pitches = np.array([p for p in range(lowest, highest + 1) if p % 12 in classes])
    weights = np.exp(-np.abs(pitches - pitch) / NEAR) * np.where(pitches == pitch, REPEATED, 1)
    return int(rng.choice(pitches, p=weights / weights.sum()))


def strike_chords(song: Song, chords: list[Chord]) -> list[Note]:
    """Close chords about middle C, held or struck again and again."""
    notes = []
    for chord in chords:
        every = STRUCK[song.comping] or chord.length
        for start in np.arange(chord.start, chord.end - 1e-6, every):
            for pitch_class in chord.pitch_classes:
                notes.append(Note(float(start), every, 53 + (pitch_class - 53) % 12))
    return notes


def break_chords(chords: list[Chord], metre: Metre) -> list[Note]:
    """Each chord note by note, up and down again, an octave above `strike_chords`."""
    step = 1 / metre.division if metre.eighths > 1 else 1.0
    notes = []
    for chord in chords:
        pitches = sorted(65 + (pitch_class - 65) % 12 for pitch_class in chord.pitch_classes)
        circle = pitches + pitches[-2:0:-1]
        starts = np.arange(chord.start, chord.end - 1e-6, step)
        notes += [
            Note(float(start), step, circle[k % len(circle)]) for k, start in enumerate(starts)
        ]
    return notes


def draw_groove(metre: Metre, n_beats: int, rng: np.random.Generator) -> list[Hit]:
    """One pattern in all bars, hats between, a crash where a phrase begins."""
    pattern = pick(rng, rows(read_table("cases", "music.ini")[metre.name]["grooves"]))
    hits: list[Hit] = [(float(k), CRASH) for k in range(0, n_beats, PHRASE * metre.beats)]
    for bar in range(0, n_beats, metre.beats):
        for drum, beats in (part.split(":") for part in pattern.split(";")):
            hits += [(bar + beat, int(drum)) for beat in floats(beats)]
    parts = 1 if metre.eighths == 1 else metre.division
    hits += [(k / parts, HAT) for k in range(n_beats * parts)]
    return hits


def strike_bass(chords: list[Chord], hits: list[Hit]) -> list[Note]:
    """The chord's bass with each kick, until the next."""
    kicks = sorted(beat for beat, drum in hits if drum == KICK)
    notes = []
    for chord in chords:
        starts = [beat for beat in kicks if chord.start - 1e-6 <= beat < chord.end - 1e-6]
        for start, end in zip(starts, [*starts[1:], chord.end], strict=True):
            notes.append(Note(start, end - start, 33 + (chord.bass_class - 33) % 12))
    return notes


def second_voice(tune: list[Note], scale: set[int]) -> list[Note]:
    """The tune a third lower, in the scale."""
    return [
        Note(n.start, n.length, next(n.pitch - d for d in (3, 4, 5) if (n.pitch - d) % 12 in scale))
        for n in tune
    ]
