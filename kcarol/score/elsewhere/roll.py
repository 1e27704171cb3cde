"""A score as hearing would give it: pitch classes, bass and tune over time, in equal frames."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np

from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.transcription.harmony.chords import ChordSpan, decide_chords
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.lead_sheet import Chord, Note
from kcarol.transcription.notation import BeatTimes, find_chords

BEAT_FRAMES = 12  # frames a beat: triplets and sixteenths begin with one
SOUNDS, PASSES = 0.98, 0.5  # probability that a note belongs to the chord; between beats
PASSING = 0.75  # beats: longer notes do not pass
RINGS = 0.45  # the same of a note that has ended, where few sound: of a broken chord
RING_BEATS = 1.0  # so long it is remembered
PEDAL, ABOVE = 2.75, 3  # beats and semitones: so long a low note rings on under so much higher ones
FEW = 3  # pitch classes of a chord: fewer may be a part of one


@dataclass(frozen=True, eq=False)
class Roll:
    """Of F frames."""

    chord: np.ndarray  # (F, 12) probability that a pitch class belongs to the chord
    bass: np.ndarray  # (F, 12) 1 at the lowest note
    tune: np.ndarray  # (F,) MIDI, -1 where it rests

    @classmethod
    def of(cls, notes: Sequence[Note], tune: Sequence[Note], n_beats: int) -> Roll:
        """Of notes in beats, those of the tune among them."""
        n_frames = n_beats * BEAT_FRAMES
        chord, rung, bass = np.zeros((3, n_frames, 12), np.float32)
        lowest = np.full(n_frames, 128)
        melody = np.full(n_frames, -1)
        for note in notes:
            start, stop = _frames(note, n_frames)
            pitch_class = note.pitch % 12
            rung[start : stop + round(RING_BEATS * BEAT_FRAMES), pitch_class] = RINGS
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


def pedalled(notes: Sequence[Note]) -> list[Note]:
    """Notes of one staff, of which a low one rings under the chords that follow (as in a waltz), or
    under the broken chord that it begins, as with the pedal.
    """
    groups = [list(group) for _, group in groupby(sorted(notes, key=_place), key=_start)]
    out = list(chain.from_iterable(groups))
    for number, group in enumerate(groups):
        low = group[0]
        last = bisect_left(groups, low.start + PEDAL, key=_start_of_group)
        end = low.end
        for after in groups[number + 1 : last]:
            is_chord = len(group) == 1 < len(after)
            is_broken = len(group) == len(after) == 1 and low.length < 1
            if after[0].pitch < low.pitch + ABOVE or not (is_chord or is_broken):
                break
            end = max(end, after[0].end)
        if end > low.end:
            out.append(Note(low.start, end - low.start, low.pitch))
    return out


def _start(note: Note) -> float:
    return note.start


def _place(note: Note) -> tuple[float, int]:
    return note.start, note.pitch


def _start_of_group(group: Sequence[Note]) -> float:
    return group[0].start


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
