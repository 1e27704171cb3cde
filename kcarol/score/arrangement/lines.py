"""The lines of an arrangement on paper: strokes in seconds as notes in ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

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


def _line(part: Part, score: Score, paper: Paper, voices: Voices, lift: float) -> Line:
    instrument = instrument_of(part)
    _, letters, figure = part.name.split(" ")
    starts = score.grid.beats_at([stroke.start_s for stroke in part.strokes]).tolist()
    ends = score.grid.beats_at([s.start_s + s.length_s for s in part.strokes]).tolist()
    starts = [round(start, 6) for start in starts]
    places = places_of(sorted(set(starts)), paper)
    rows = []
    for stroke, start, end in zip(part.strokes, starts, ends, strict=True):
        letter = _letter(letters, figure, round(stroke.pitch), start, voices)
        end = start + (end - start) / lift
        rows.append((letter, places[start], end, round(stroke.pitch), stroke.velocity))
    rows.sort()
    is_detached = lift <= DETACHED
    notes = []
    for letter, some in groupby(rows, lambda row: row[0]):
        of_voice = list(some)
        onsets = sorted({start for _, start, *_ in of_voice})
        following = dict(zip(onsets, onsets[1:], strict=False))
        for _, start, end, pitch, velocity in of_voice:
            stop = _end(start, end, following.get(start))
            if is_detached:
                stop = min(stop, start + 1)
            if instrument.rings:
                stop = max(stop, start + 1)
            if letters == ON_BEATS:
                stop = max(stop, min(start + STEP, following.get(start, stop)))
            notes.append(
                WrittenNote(
                    ticks(paper.place(start)),
                    ticks(paper.place(stop)),
                    pitch,
                    velocity,
                    letter,
                    is_detached,
                )
            )
    return Line(instrument, is_detached, tuple(n for n in notes if n.end > n.start))


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
