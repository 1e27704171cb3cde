"""The lines of an arrangement on paper: strokes in seconds as notes in ticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from kcarol.arrangement.figures import Voices
from kcarol.arrangement.played_notes import instrument_of
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import four_parts
from kcarol.model.instruments import Instrument
from kcarol.score.arrangement.places import places_of
from kcarol.score.arrangement.players import LADDER, OCTAVE_BELOW
from kcarol.score.musicxml.elements import ticks
from kcarol.score.notated import Paper
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import LeadSheet, Part

LADDERS = ("broken", "peal", "run")  # figures that go up and down through all voices
TUNES = ("s", "r", "k")
ON_BEATS = "k"  # the tune's notes on beats, which are never written shorter than STEP
DETACHED = 0.6  # share of a stroke that sounds, from which it is written as staccato
LIFT = 0.95  # of strokes of no known line
CLOSED = 0.3  # beats of silence before the next note that are not written
STEP = Fraction(1, 2)  # beats: ends of notes that nothing follows are on these


@dataclass(frozen=True)
class WrittenNote:
    """A note, in ticks from the beginning: PER_QUARTER a quarter note."""

    start: int
    end: int
    pitch: int  # MIDI, as it sounds
    velocity: int
    letter: str  # of its voice, or LADDER
    is_detached: bool = False


@dataclass(frozen=True)
class Line:
    """One part of an arrangement on paper."""

    instrument: Instrument
    is_detached: bool
    notes: tuple[WrittenNote, ...]


def lines_of(parts: Sequence[Part], score: Score, style: str) -> list[Line]:
    """Parts of a carol on paper; `style` tells how short its lines are played."""
    paper = Paper.of(score)
    voices = _voices(score.sheet)
    lifts = {
        f"{line.instrument.name} {line.voices} {line.figure}": line.lift
        for line in (STYLES[style].lines if style in STYLES else ())
    }
    return [_line(part, score, paper, voices, lifts.get(part.name, LIFT)) for part in parts]


def _voices(sheet: LeadSheet) -> Voices:
    four = four_parts(sheet)
    return Voices(
        {"s": four.soprano, "u": four.upper, "a": four.alto, "t": four.tenor, "b": four.bass}
    )


class Tone(NamedTuple):
    """A stroke in beats; sorted by voices."""

    letter: str
    start: Fraction
    end: float  # if it was not lifted
    pitch: int
    velocity: int


def _line(part: Part, score: Score, paper: Paper, voices: Voices, lift: float) -> Line:
    instrument = instrument_of(part)
    tones = sorted(_tones(part, score, paper, voices, lift))
    notes = []
    for _, some in groupby(tones, attrgetter("letter")):
        of_voice = list(some)
        onsets = sorted({tone.start for tone in of_voice})
        following = dict(zip(onsets, onsets[1:], strict=False))
        for tone in of_voice:
            stop = _end(tone.start, tone.end, following.get(tone.start))
            if lift <= DETACHED:
                stop = min(stop, tone.start + 1)
            if instrument.rings:
                stop = max(stop, tone.start + 1)
            if ON_BEATS in part.name.split(" "):
                stop = max(stop, min(tone.start + STEP, following.get(tone.start, stop)))
            notes.append(_note(tone, stop, paper, lift <= DETACHED))
    sounding = tuple(note for note in notes if note.end > note.start)
    return Line(instrument, lift <= DETACHED, sounding)


def _tones(part: Part, score: Score, paper: Paper, voices: Voices, lift: float) -> Iterator[Tone]:
    _, letters, figure = part.name.split(" ")
    starts = score.grid.beats_at([stroke.start_s for stroke in part.strokes]).round(6).tolist()
    ends = score.grid.beats_at([s.start_s + s.length_s for s in part.strokes]).tolist()
    places = places_of(sorted(set(starts)), paper)
    for stroke, start, end in zip(part.strokes, starts, ends, strict=True):
        pitch = round(stroke.pitch)
        letter = _letter(letters, figure, pitch, start, voices)
        yield Tone(letter, places[start], start + (end - start) / lift, pitch, stroke.velocity)


def _note(tone: Tone, stop: Fraction, paper: Paper, is_detached: bool) -> WrittenNote:
    start, end = ticks(paper.place(tone.start)), ticks(paper.place(stop))
    return WrittenNote(start, end, tone.pitch, tone.velocity, tone.letter, is_detached)


def _letter(letters: str, figure: str, pitch: int, beat: float, voices: Voices) -> str:
    """Of the voices that a line plays, the one that has a pitch, in whichever octave."""
    if figure in LADDERS or not letters:
        return LADDER
    if letters in TUNES:
        tune = voices.at("s", beat)
        return OCTAVE_BELOW if tune is not None and pitch < tune.pitch else letters
    if len(letters) == 1:
        return letters
    sounding = {letter: voices.at(letter, beat) for letter in "uatb" if letter in letters}
    far = {letter: abs(note.pitch - pitch) for letter, note in sounding.items() if note is not None}
    same = [letter for letter in far if far[letter] % 12 == 0]
    return min(same or far or letters, key=lambda letter: far.get(letter, 0))


def _end(start: Fraction, end: float, following: Fraction | None) -> Fraction:
    """Where a note ends, in beats: no silence is written that nobody would hear as one."""
    for parts in (4, 3):
        if abs(end * parts - round(end * parts)) < 0.02 and round(end * parts) > start * parts:
            stop = Fraction(round(end * parts), parts)
            break
    else:
        stop = STEP * round(end / STEP)
        if stop <= start:
            stop = start + Fraction(1, 4)
    if following is not None and following < stop + Fraction(CLOSED):
        return following
    return stop
