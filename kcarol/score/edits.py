"""A score mended in plain text, a line for each change:

    bar 5: Am                the chord of bar 5
    bar 5 beat 3: F/A        the chord from beat 3 of bar 5 on, to the next one or the bar's end
    bar 7 note 2: A4         another pitch for the second note that begins in bar 7
    bar 7 note 2: rest       leaves it out

Bars, beats and notes are counted from 1, as on paper. Chords are written as in a lead sheet: C,
C#m, Ebmaj7, F#m7b5, G7/B, Dsus4, N.C. for none. Pitches have their octave: A4 is the A of 440 Hz.
Empty lines, and those that begin with #, are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet, Note

LINE = re.compile(r"bar +(\d+)(?: +(beat|note) +(\d+(?:\.\d+)?))? *: *(\S+)", re.IGNORECASE)
CHORD = re.compile(r"([A-G])([#b]?)([^/]*)(?:/([A-G])([#b]?))?")
PITCH = re.compile(r"([A-G])([#b]?)(-?\d)")
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # semitones above C
ALTERS = {"": 0, "#": 1, "b": -1}
SUFFIXES = {  # of a chord symbol -> key of QUALITIES
    "": "maj",
    "m": "min",
    "dim": "dim",
    "aug": "aug",
    "+": "aug",
    "sus4": "sus4",
    "sus": "sus4",
    "sus2": "sus2",
    "6": "6",
    "7": "7",
    "maj7": "maj7",
    "m7": "min7",
    "m7b5": "m7b5",
    "add9": "add9",
}
NO_CHORD = ("N.C.", "NC")
RESTS = ("rest", "-")
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LOWEST, HIGHEST = 21, 108  # MIDI: the piano's keys


def edited(score: Score, text: str) -> Score:
    """A score with the changes of `text` made, one after the other; nothing else changes.

    ValueError, in one line with the line's number, for what is no change or has no place.
    """
    sheet = score.sheet
    for number, line in enumerate(_plain(text).splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            sheet = _edited_by(sheet, line)
        except ValueError as error:
            raise ValueError(f"line {number}, {line!r}: {error}") from None
    return replace(score, sheet=sheet)


def _plain(text: str) -> str:
    return text.replace("♯", "#").replace("♭", "b")


def _edited_by(sheet: LeadSheet, line: str) -> LeadSheet:
    """A sheet with the change of one line made."""
    match = LINE.fullmatch(line)
    if not match:
        raise ValueError("expected a change such as 'bar 5: Am' or 'bar 7 note 2: A4'")
    bar, kind, place, what = match.groups()
    start, end = _bar_span(sheet, int(bar))
    if kind and kind.lower() == "note":
        return _with_pitch(sheet, start, end, place, what)
    if kind:
        start = _beat(start, end, float(place))
        later = [chord.start for chord in sheet.chords if start + TOLERANCE < chord.start < end]
        end = min([end, *later])
    chords = _with_chord(sheet.chords, replace(chord_of(what), start=start, length=end - start))
    return replace(sheet, chords=chords)


def _bar_span(sheet: LeadSheet, number: int) -> tuple[float, float]:
    """The beats from which and to which a bar lasts."""
    edges = np.append(sheet.bar_starts(), sheet.n_beats).tolist()
    n_bars = len(edges) - 1
    if not 1 <= number <= n_bars:
        raise ValueError(f"expected a bar from 1 to {n_bars}, found {number}")
    return edges[number - 1], edges[number]


def _beat(start: float, end: float, place: float) -> float:
    """The beat at which the beat of this number in a bar is."""
    beat = start + place - 1
    if not start <= beat < end - TOLERANCE:
        raise ValueError(f"expected a beat from 1 to {np.ceil(end - start):.0f}, found {place:g}")
    return beat


# --- chords


def chord_of(name: str) -> Chord:
    """A chord symbol as a chord without place; ValueError for others."""
    if name.upper() in NO_CHORD:
        return Chord(0.0, 0.0, 0, silent=True)
    match = CHORD.fullmatch(name)
    if not match or match[3] not in SUFFIXES:
        endings = ", ".join(suffix for suffix in SUFFIXES if suffix)
        raise ValueError(
            f"expected a chord such as C, F#m or G7/B, or one that ends in {endings}, "
            f"found {name!r}"
        )
    letter, sign, suffix, bass, bass_sign = match.groups()
    root = _pitch_class(letter, sign)
    bass_class = _pitch_class(bass, bass_sign) if bass else root
    return Chord(0.0, 0.0, root, SUFFIXES[suffix], None if bass_class == root else bass_class)


def _pitch_class(letter: str, sign: str) -> int:
    return (STEPS[letter] + ALTERS[sign]) % 12


def _with_chord(chords: tuple[Chord, ...], new: Chord) -> tuple[Chord, ...]:
    """Chords of which one takes its span from the others."""
    before = [_within(chord, 0.0, new.start) for chord in chords]
    after = [_within(chord, new.end, np.inf) for chord in chords]
    return tuple(chord for chord in (*before, new, *after) if chord.length > TOLERANCE)


def _within(chord: Chord, start: float, end: float) -> Chord:
    """What of a chord lies between two beats; of no length if nothing does."""
    start, end = max(chord.start, start), min(chord.end, end)
    return replace(chord, start=start, length=max(0.0, end - start))


# --- notes


def pitch_of(name: str) -> int:
    """The MIDI pitch of a name such as A4; ValueError for others."""
    match = PITCH.fullmatch(name)
    if not match:
        raise ValueError(f"expected a pitch such as A4 or C#5, or 'rest', found {name!r}")
    letter, sign, octave = match.groups()
    pitch = 12 * (int(octave) + 1) + STEPS[letter] + ALTERS[sign]
    if not LOWEST <= pitch <= HIGHEST:
        raise ValueError(f"expected a pitch from A0 to C8, found {name}")
    return pitch


def _with_pitch(sheet: LeadSheet, start: float, end: float, place: str, what: str) -> LeadSheet:
    """A sheet with another pitch for the note of this number that begins between two beats."""
    begun = _begun(sheet, start, end)
    if not place.isdigit() or not 1 <= int(place) <= len(begun):
        if not begun:
            raise ValueError(
                f"expected a note that begins in this bar, found none: no note {place}"
            )
        raise ValueError(f"expected a note from 1 to {len(begun)}, found {place}")
    old = begun[int(place) - 1]
    new = None if what.lower() in RESTS else replace(old, pitch=pitch_of(what))
    notes = (new if note is old else note for note in sheet.notes)
    return replace(sheet, notes=tuple(note for note in notes if note))


def _begun(sheet: LeadSheet, start: float, end: float) -> list[Note]:
    """The notes that begin between two beats."""
    return [note for note in sheet.notes if start <= note.start + TOLERANCE < end]


# --- the other way round


def in_text(score: Score, first: int = 1, last: int | None = None) -> str:
    """Chords and notes that begin in the bars from `first` to `last`, or to the end, a line for
    each: `bar 5: Am | A4 C5 B4`.
    """
    sheet = score.sheet
    last = min(last or len(sheet.bar_starts()), len(sheet.bar_starts()))
    return "\n".join(f"bar {n}: {_bar_in_text(sheet, n)}" for n in range(first, last + 1))


def _bar_in_text(sheet: LeadSheet, number: int) -> str:
    start, end = _bar_span(sheet, number)
    chords = [x for x in sheet.chords if x.start < end - TOLERANCE and x.end > start + TOLERANCE]
    pitches = [pitch_name(note.pitch) for note in _begun(sheet, start, end)]
    return f"{' '.join(map(chord_name, chords))} | {' '.join(pitches) or RESTS[0]}"


def chord_name(chord: Chord) -> str:
    if chord.silent:
        return NO_CHORD[0]
    suffix = next(suffix for suffix, quality in SUFFIXES.items() if quality == chord.quality)
    bass = "" if chord.bass is None else f"/{NAMES[chord.bass]}"
    return f"{NAMES[chord.root]}{suffix}{bass}"


def pitch_name(pitch: int) -> str:
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
