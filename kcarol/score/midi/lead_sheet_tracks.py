"""Lead sheets that we wrote as MIDI, as their notes say them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from operator import attrgetter

import numpy as np

from kcarol.score.chord_names import named_chord
from kcarol.score.extras import written_of
from kcarol.score.midi.conductor import COMMON, time_signatures
from kcarol.score.midi.file import MidiNote, MidiSong
from kcarol.score.midi.key_names import key_named
from kcarol.score.midi.places import Places
from kcarol.score.midi.tempo_map import TICKS_PER_QUARTER
from kcarol.score.midi.writing import BASS, CHORDS, TUNE
from kcarol.score.musicxml.reading import tiled
from kcarol.score.notated import PER_QUARTER, Bar, Notated, notate, quarters_of_beat, score_of
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import QUALITIES, Chord, Metre, Note, Section

TRACKS = (TUNE, CHORDS, BASS)  # by channel, if their names are lost


def lead_sheet_in(song: MidiSong, text: str) -> Score:
    """The score that plays as the notes of a file stand, on the beats of the one that was written,
    at the tempi of the file.

    text: of `extras_text`. ValueError for what is none, or a metre that we lack.
    """
    written = written_of(text).score
    paper = notate(written)
    reader = _Reader(song, paper, Places.of(paper, written.grid))
    return score_of(reader.notated())


class _Reader:
    """Reads what stands where on the paper of the score that was written."""

    def __init__(self, song: MidiSong, paper: Notated, places: Places):
        self.song, self.places = song, places
        self.scale = TICKS_PER_QUARTER / song.ticks_per_quarter
        ticks = np.append(places.starts, places.stops[-1]) / self.scale
        self.paper = replace(paper, beat_times_s=song.tempo_map.time_s(ticks))

    def place(self, tick: int) -> Fraction:
        quarter = self.places.quarter(round(tick * self.scale))
        return Fraction(round(quarter * PER_QUARTER), PER_QUARTER)

    def notated(self) -> Notated:
        notes = _one_at_a_time(self._spans(TUNE))
        bars = self._bars(max((note.end for note in notes), default=Fraction(0)))
        key, mode = self._key()
        return replace(
            _as_long_as(bars[-1].end, self.paper),
            title=self.song.title,
            key=key,
            mode=mode,
            bars=bars,
            notes=notes,
            chords=tiled(self._chords(), bars[-1].end),
            sections=tiled(self._sections(), bars[-1].end),
        )

    def _spans(self, track: str) -> list[Note]:
        """Notes of a track in quarter notes."""
        spans = []
        for note in self._notes(track):
            start, end = self.place(note.start), self.place(note.end)
            spans.append(Note(start, max(end - start, Fraction(1, PER_QUARTER)), note.pitch))
        return spans

    def _notes(self, track: str) -> Sequence[MidiNote]:
        parts = self.song.parts
        named = [part for part in parts if part.track.lower() == track]
        by_channel = [part for part in parts if part.channel == TRACKS.index(track)]
        return [note for part in named or by_channel for note in part.notes]

    def _key(self) -> tuple[int, str]:
        if not self.song.keys:
            return self.paper.key, self.paper.mode
        return key_named(self.song.keys[0][1])

    def _sections(self) -> list[Section]:
        return [Section(name, self.place(tick), Fraction(0)) for tick, name in self.song.markers]

    # --- chords

    def _chords(self) -> list[Chord]:
        """The chords that the notes sound, by the names that stand with them.

        A name counts where the notes are its own, or those that were written, or where there are
        none: who plays other notes means another chord.
        """
        names = {self.place(tick): named_chord(text) for tick, text in self.song.texts}
        names = {place: chord for place, chord in names.items() if chord}
        struck, low = _by_start(self._spans(CHORDS)), _by_start(self._spans(BASS))
        written = {chord.start: chord for chord in self.paper.chords}
        chords = []
        for start in sorted(names.keys() | struck.keys() | low.keys()):
            named, tones = names.get(start), struck.get(start, set())
            bass = min(low.get(start, ()), default=None)
            if named and (not tones or _sounds(named, tones, bass)):
                chords.append(replace(named, start=start))
            elif named and start in written and _sounds(written[start], tones, bass):
                chords.append(replace(named, start=start))
            elif tones:
                chords.append(replace(_heard(tones, bass), start=start))
            elif chords and bass is not None:
                chords.append(replace(_over(chords[-1], bass), start=start))
        return chords or [Chord(Fraction(0), Fraction(0), self.paper.key)]

    # --- bars

    def _bars(self, end: Fraction) -> tuple[Bar, ...]:
        """As written, unless the time signatures were changed, and on to the end of the tune."""
        found = [(round(tick * self.scale), metre) for tick, metre in self.song.time_signatures]
        bars = self.paper.bars
        if found != time_signatures(self.paper, self.places):
            # of silence and of what follows it, which is at the same place, the latter
            metres = {self.place(tick): metre for tick, metre in self.song.time_signatures}
            bars = _bars_of({Fraction(0): COMMON} | metres, self.paper.length)
        return _lengthened(bars, end)


def _bars_of(metres: dict[Fraction, tuple[int, int]], end: Fraction) -> tuple[Bar, ...]:
    """Bars under time signatures at places on paper, rising, to an end."""
    bars: list[Bar] = []
    at = Fraction(0)
    starts = [*metres, end]
    for signature, stop in zip(metres.values(), starts[1:], strict=True):
        metre = _metre_of(*signature)
        while at < stop:
            length = min(metre.beats_per_bar * quarters_of_beat(metre), stop - at)
            bars.append(Bar(at, length, metre, 0.0))
            at += length
    return tuple(bars)


def _metre_of(count: int, unit: int) -> Metre:
    if unit == 8 and count % 3 == 0:
        return Metre(0.0, count // 3, 3)
    quarters = Fraction(4 * count, unit)
    if quarters.denominator > 1:
        raise ValueError(f"a time signature of {count}/{unit}")
    return Metre(0.0, int(quarters))


def _lengthened(bars: tuple[Bar, ...], end: Fraction) -> tuple[Bar, ...]:
    """Bars, and more like the last one, until the tune has ended."""
    while bars[-1].end < end:
        bar = bars[-1]
        length = bar.metre.beats_per_bar * bar.beat
        bars = (*bars, replace(bar, start=bar.end, length=length))
    return bars


def _as_long_as(end: Fraction, paper: Notated) -> Notated:
    """Paper that goes on at its own pace."""
    if end <= paper.beat_quarters[-1]:
        return paper
    times_s = paper.beat_times_s
    pace_s = (times_s[-1] - times_s[0]) / float(paper.beat_quarters[-1])
    end_s = times_s[-1] + float(end - paper.beat_quarters[-1]) * pace_s
    return replace(
        paper, beat_quarters=(*paper.beat_quarters, end), beat_times_s=np.append(times_s, end_s)
    )


def _one_at_a_time(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The highest of notes that begin together, each until the next begins."""
    highest = {note.start: note for note in sorted(notes, key=attrgetter("pitch"))}
    starts = sorted(highest)
    ends = [*starts[1:], math.inf]
    return tuple(
        replace(highest[start], length=min(highest[start].end, end) - start)
        for start, end in zip(starts, ends, strict=True)
    )


def _by_start(notes: Sequence[Note]) -> dict[Fraction, set[int]]:
    """Pitch classes that begin together."""
    found: dict[Fraction, set[int]] = defaultdict(set)
    for note in notes:
        found[note.start].add(note.pitch % 12)
    return found


def _sounds(chord: Chord, tones: set[int], bass: int | None) -> bool:
    return set(chord.pitch_classes) == tones and bass in (chord.bass_class, None)


def _heard(tones: set[int], bass: int | None) -> Chord:
    """The chord whose tones are likest to some; of two the one with its root in the bass."""

    def misfit(chord: Chord) -> tuple[int, bool]:
        return len(set(chord.pitch_classes) ^ tones), chord.root != bass

    chords = [Chord(0.0, 0.0, root, quality) for quality in QUALITIES for root in range(12)]
    return _over(min(chords, key=misfit), bass)


def _over(chord: Chord, bass: int | None) -> Chord:
    return replace(chord, bass=None if bass == chord.root else bass)
