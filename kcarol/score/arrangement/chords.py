"""A voice of several notes at a time as chords, rests and ties, bar by bar."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from kcarol.score.arrangement.lines import WrittenNote
from kcarol.score.musicxml.elements import ticks
from kcarol.score.musicxml.note_values import Value, drawn
from kcarol.score.notated import PER_QUARTER, Bar


class Tone(NamedTuple):
    """One pitch of a chord."""

    pitch: int  # MIDI, as it sounds
    is_tied_from: bool
    is_tied_to: bool


class Chord(NamedTuple):
    """Tones that begin and end together, as they are drawn; none: a rest."""

    value: Value
    tones: tuple[Tone, ...]
    is_detached: bool = False

    def notes(self, above: int = 0) -> list[Value]:
        """Its notes, the lowest first, `above` semitones higher; of a rest, that."""
        if not self.tones:
            return [replace(self.value, pitch=None)]
        return [
            replace(
                self.value,
                pitch=tone.pitch + above,
                is_tied_from=tone.is_tied_from,
                is_tied_to=tone.is_tied_to,
            )
            for tone in self.tones
        ]


class Voice:
    """Notes of a voice, by bars."""

    def __init__(self, notes: Sequence[WrittenNote]):
        self.notes = notes  # sorted by their starts
        self.starts = [note.start for note in notes]
        self.longest = max((note.end - note.start for note in notes), default=0)

    def within(self, bar: Bar) -> list[WrittenNote]:
        """Those that sound in a bar."""
        start, end = ticks(bar.start), ticks(bar.end)
        first = bisect_left(self.starts, start - self.longest)
        stop = bisect_left(self.starts, end)
        return [note for note in self.notes[first:stop] if note.end > start]


def chords_of(notes: Sequence[WrittenNote], bar: Bar) -> list[Chord]:
    """What is drawn in a bar of notes that sound in it; nothing for none."""
    if not notes:
        return []
    start, end = ticks(bar.start), ticks(bar.end)
    edges = {start, end}
    for note in notes:
        edges |= {max(note.start, start), min(note.end, end)}
    spans = list(pairwise(sorted(edges)))
    sounding = [
        sorted((n for n in notes if n.start <= first and n.end >= last), key=lambda n: n.pitch)
        for first, last in spans
    ]
    rhythm = tuple(
        (first - start, last - start, bool(some))
        for (first, last), some in zip(spans, sounding, strict=True)
    )
    firsts = [first for first, _ in spans]
    chords = []
    for value in _drawn(rhythm, replace(bar, start=Fraction(0), first_beat=0.0)):
        at = start + ticks(value.start)
        number = bisect_right(firsts, at) - 1
        chords.append(_chord(value, sounding[number], at))
    return chords


def struck_chords_of(notes: Sequence[WrittenNote], bar: Bar) -> list[Chord]:
    """The same of notes that decay: each is one value, and none is tied."""
    start, end = ticks(bar.start), ticks(bar.end)
    begun = [replace(n, end=min(n.end, end)) for n in notes if n.start >= start]
    ends: dict[int, int] = {}
    for chord in chords_of(begun, bar):
        ends.setdefault(start + ticks(chord.value.start), start + ticks(chord.value.end))
    return chords_of([replace(note, end=ends[note.start]) for note in begun], bar)


def _chord(value: Value, sounding: Sequence[WrittenNote], at: int) -> Chord:
    end = at + ticks(value.length)
    tones = tuple(Tone(note.pitch, note.start < at, note.end > end) for note in sounding)
    is_tied = any(tone.is_tied_from or tone.is_tied_to for tone in tones)
    return Chord(value, tones, not is_tied and any(note.is_detached for note in sounding))


@lru_cache(maxsize=4096)
def _drawn(rhythm: tuple[tuple[int, int, bool], ...], bar: Bar) -> list[Value]:
    """Values of spans from tick to tick of a bar, which sound or do not."""
    spans = [
        Value(
            Fraction(first, PER_QUARTER), Fraction(last - first, PER_QUARTER), 0 if sounds else None
        )
        for first, last, sounds in rhythm
    ]
    return drawn(spans, bar)
