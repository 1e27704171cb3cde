"""A score as hearing would give it: pitch classes, bass and tune over time, in equal frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.transcription.harmony.chords import ChordSpan, decide_chords
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.lead_sheet import Chord, Note
from kcarol.transcription.notation import BeatTimes, find_chords

BEAT_FRAMES = 12  # frames a beat: triplets and sixteenths begin with one
SOUNDS, PASSES = 0.98, 0.5  # probability that a note belongs to the chord; between beats
PASSING = 0.75  # beats: longer notes do not pass
RINGS = 0.4  # the same of a note just before or after, where few sound: of a broken chord
RING_BEATS = 1.0  # so far from it, in its bar
FEW = 3  # pitch classes of a chord: fewer may be a part of one


@dataclass(frozen=True, eq=False)
class Roll:
    """Of F frames."""

    chord: np.ndarray  # (F, 12) probability that a pitch class belongs to the chord
    bass: np.ndarray  # (F, 12) 1 at the lowest note
    tune: np.ndarray  # (F,) MIDI, -1 where it rests

    @classmethod
    def of(cls, notes: Sequence[Note], tune: Sequence[Note], axis: BeatAxis) -> Roll:
        """Of notes in beats, those of the tune among them."""
        n_frames = axis.n_beats * BEAT_FRAMES
        bars = (np.append(axis.bar_starts, axis.n_beats) * BEAT_FRAMES).astype(int)
        ring = round(RING_BEATS * BEAT_FRAMES)
        chord, rung, bass = np.zeros((3, n_frames, 12), np.float32)
        lowest = np.full(n_frames, 128)
        melody = np.full(n_frames, -1)
        for note in notes:
            start, stop = _frames(note, n_frames)
            pitch_class = note.pitch % 12
            bar = int(np.searchsorted(bars, start, side="right")) - 1
            reach = slice(max(start - ring, bars[bar]), max(stop, min(stop + ring, bars[bar + 1])))
            rung[reach, pitch_class] = RINGS
            held = chord[start:stop, pitch_class]
            np.maximum(held, _probability(note), out=held)
            np.minimum(lowest[start:stop], note.pitch, out=lowest[start:stop])
        few = ((chord > 0).sum(1) < FEW) & (lowest < 128)
        chord[few] = np.maximum(chord, rung)[few]
        for note in tune:
            melody[slice(*_frames(note, n_frames))] = note.pitch
        frames = np.flatnonzero(lowest < 128)
        bass[frames, lowest[frames] % 12] = 1
        return cls(chord, bass, melody)

    def chords(self, axis: BeatAxis, tonic: int) -> tuple[Chord, ...]:
        """As of `decide_chords`, in beats."""
        spans = self.chord_spans(axis)
        times = BeatTimes(np.arange(axis.n_beats + 1.0), BEAT_FRAMES, axis.metres)
        return find_chords(spans, times, tonic)

    def chord_spans(self, axis: BeatAxis) -> tuple[ChordSpan, ...]:
        metres = _metre_of_beats(axis)
        parts = Parts.of(np.arange(axis.n_beats) * BEAT_FRAMES, *metres, len(self.tune))
        return decide_chords(self.chord, self.bass, self.tune, parts)


def _frames(note: Note, n_frames: int) -> tuple[int, int]:
    start, stop = round(note.start * BEAT_FRAMES), round(note.end * BEAT_FRAMES)
    return min(start, n_frames), min(max(stop, start + 1), n_frames)


def _probability(note: Note) -> float:
    is_between = abs(note.start - round(note.start)) > 1e-3
    return PASSES if is_between and note.length < PASSING else SOUNDS


def _metre_of_beats(axis: BeatAxis) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position in its bar, beats of the bar, and parts (N,) of every beat."""
    beat = np.arange(axis.n_beats)
    starts = np.array([metre.start for metre in axis.metres])
    number = np.searchsorted(starts, beat, side="right") - 1
    lengths = np.array([metre.beats_per_bar for metre in axis.metres])[number]
    divisions = np.array([metre.division for metre in axis.metres])[number]
    return ((beat - starts[number]) % lengths).astype(int), lengths, divisions
