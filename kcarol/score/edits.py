"""A score mended in plain text, a line for each change:

    bar 5: Am                the chord of bar 5
    bar 5 beat 3: F/A        the chord from beat 3 of bar 5 on, to the next one or the bar's end
    bar 7 note 2: A4         another pitch for the second note that begins in bar 7
    bar 7 note 2: rest       leaves it out

Bars have their numbers on paper (a pick-up is bar 0), their beats and notes are counted from 1.
Chords are written as in a lead sheet: C, C#m, Ebmaj7, F#m7b5, G7/B, Dsus4, N.C. for none. Pitches
have their octave: A4 is the A of 440 Hz. Empty lines, and those that begin with #, are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from kcarol.score.chord_names import SIGNS, chord_name, key_signature, named_chord
from kcarol.score.musicxml.spelling import note_name, pitch_of
from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet

LINE = re.compile(r"bar +(\d+)(?: +(beat|note) +(\d+(?:\.\d+)?))? *: *(\S+)", re.IGNORECASE)
PITCH = re.compile(r"([A-G])([#b]?)(-?\d)")
ALTERS = {"": 0, "#": 1, "b": -1}
REST = "rest"
LOWEST, HIGHEST = 21, 108  # MIDI: the piano's keys


def edited(score: Score, text: str) -> Score:
    """A score with the changes of `text` made, one after the other; nothing else changes.

    ValueError, in one line with the line's number, for what is no change or has no place.
    """
    text = text.replace("♯", "#").replace("♭", "b")
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line and not line.startswith("#"):
            try:
                score = replace(score, sheet=_edited_by(score, line))
            except ValueError as error:
                raise ValueError(f"line {number}, {line!r}: {error}") from None
    return score


def in_text(score: Score, first: int = 1, last: int | None = None) -> str:
    """What is in the bars from `first` to `last`, or to the end: `bar 5: Am | A4 C5 B4` for chords
    and the notes that begin in it.
    """
    return "\n".join(
        f"bar {bar.number}: {_in_text(score.sheet, bar)}"
        for bar in _bars_of(score)
        if first <= bar.number <= (last or bar.number)
    )


@dataclass(frozen=True)
class _Bar:
    """A bar by its number on paper, and what of the sheet is in it."""

    number: int
    start: float  # beats from the beginning of the sheet
    first_beat: float  # where its beat 1 is: a pick-up's comes later than its start
    end: float
    notes: range  # numbers of the notes that begin in it


def _bars_of(score: Score) -> list[_Bar]:
    paper = notate(score)
    first = 0 if paper.bars[0].is_short and len(paper.bars) > 1 else 1
    starts = [0.0, *(bar.first_beat for bar in paper.bars[1:]), score.sheet.n_beats]
    places = [note.start for note in paper.notes]
    edges = np.searchsorted(places, [*(bar.start for bar in paper.bars), paper.length]).tolist()
    return [
        _Bar(first + i, starts[i], bar.first_beat, starts[i + 1], range(edges[i], edges[i + 1]))
        for i, bar in enumerate(paper.bars)
    ]


def _edited_by(score: Score, line: str) -> LeadSheet:
    """The sheet of a score with the change of one line made."""
    match = LINE.fullmatch(line)
    if not match:
        raise ValueError("expected a change such as 'bar 5: Am' or 'bar 7 note 2: A4'")
    number, kind, place, what = match.groups()
    bars = {bar.number: bar for bar in _bars_of(score)}
    if int(number) not in bars:
        raise ValueError(f"expected a bar from {min(bars)} to {max(bars)}, found {number}")
    bar = bars[int(number)]
    if kind and kind.lower() == "note":
        return _with_note(score.sheet, bar, place, what)
    return _with_chord(score.sheet, bar, float(place) if place else None, what)


def _in_text(sheet: LeadSheet, bar: _Bar) -> str:
    end, fifths = bar.end - TOLERANCE, key_signature(sheet)
    chords = [x for x in sheet.chords if x.start < end and x.end > bar.start + TOLERANCE]
    names = [_pitch_name(sheet.notes[i].pitch, fifths, sheet.mode) for i in bar.notes]
    return f"{' '.join(chord_name(x, fifths) for x in chords)} | {' '.join(names) or REST}"


# --- chords


def _with_chord(sheet: LeadSheet, bar: _Bar, beat: float | None, name: str) -> LeadSheet:
    """A sheet with another chord in a bar, from a beat of it on, or in all of it."""
    start, end = bar.start, bar.end
    if beat is not None:
        start = bar.first_beat + beat - 1
        if not bar.first_beat <= start < end - TOLERANCE:
            n_beats = int(np.ceil(end - bar.first_beat))
            raise ValueError(f"expected a beat from 1 to {n_beats}, found {beat:g}")
        end = min([end, *(x.start for x in sheet.chords if start + TOLERANCE < x.start)])
    new = named_chord(name, start, end - start)
    if new is None:
        raise ValueError(f"expected a chord such as C, F#m7 or G/B, found {name}")
    before = [_within(chord, 0.0, start) for chord in sheet.chords]
    after = [_within(chord, end, np.inf) for chord in sheet.chords]
    chords = (chord for chord in (*before, new, *after) if chord.length > TOLERANCE)
    return replace(sheet, chords=tuple(chords))


def _within(chord: Chord, start: float, end: float) -> Chord:
    """What of a chord lies between two beats; of no length if nothing does."""
    start, end = max(chord.start, start), min(chord.end, end)
    return replace(chord, start=start, length=max(0.0, end - start))


# --- notes


def _with_note(sheet: LeadSheet, bar: _Bar, place: str, name: str) -> LeadSheet:
    """A sheet with another pitch for the note of this number in a bar, or without that note."""
    if not bar.notes:
        raise ValueError("expected a bar in which a note begins, found none")
    if not place.isdigit() or not 1 <= int(place) <= len(bar.notes):
        raise ValueError(f"expected a note from 1 to {len(bar.notes)}, found {place}")
    number = bar.notes[int(place) - 1]
    old = sheet.notes[number]
    new = () if name.lower() in (REST, "-") else (replace(old, pitch=_pitch(name)),)
    return replace(sheet, notes=(*sheet.notes[:number], *new, *sheet.notes[number + 1 :]))


def _pitch(name: str) -> int:
    """MIDI."""
    match = PITCH.fullmatch(name)
    if not match:
        raise ValueError(f"expected a pitch such as A4 or C#5, or '{REST}', found {name}")
    letter, sign, octave = match.groups()
    pitch = pitch_of(letter, ALTERS[sign], int(octave))
    if not LOWEST <= pitch <= HIGHEST:
        raise ValueError(f"expected a pitch from A0 to C8, found {name}")
    return pitch


def _pitch_name(pitch: int, fifths: int, mode: str) -> str:
    letter, alter, octave = note_name(pitch, fifths, mode)
    return f"{letter}{SIGNS[alter]}{octave}"
