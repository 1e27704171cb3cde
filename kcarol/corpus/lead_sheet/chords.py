"""Chords by scale degree or by name, and rows of chords."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from kcarol.transcription.lead_sheet import QUALITIES, SCALES, Chord

DEGREES = dict(zip("1234567", SCALES["major"], strict=True))  # semitones above the tonic
LETTERS = dict(zip("CDEFGAB", SCALES["major"], strict=True))
SUFFIXES = {"": "maj", "m": "min", "m7": "min7"} | {name: name for name in QUALITIES}
_SYMBOL = re.compile(r"([b#]?)([1-7A-G])([b#]?)(.*?)(?:/([b#]?)([1-7A-G])([b#]?))?$")
LONGEST = 16.0  # beats of a chord that was merged from several


def parse_chord(symbol: str, start: float = 0.0, length: float = 1.0, tonic: int = 0) -> Chord:
    """Chord of a symbol: a degree above `tonic` ("6m", "b7", "57/4") or a name ("Am7", "C/E").

    A degree is one digit with its accidental before it; what follows is the quality, and after a
    slash the bass. Raises ValueError for anything else.
    """
    found = _SYMBOL.match(symbol)
    if not found or found[4] not in SUFFIXES:
        raise ValueError(
            f"expected a chord such as 6m, b7, Am7 or C/E, found {symbol!r}: write it that way"
        )
    root = _pitch_class(found[1] + found[3], found[2], tonic)
    bass = _pitch_class(found[5] + found[7], found[6], tonic) if found[6] else None
    return Chord(start, length, root, SUFFIXES[found[4]], bass)


def _pitch_class(signs: str, name: str, tonic: int) -> int:
    base = DEGREES[name] + tonic if name in DEGREES else LETTERS[name]
    return (base + signs.count("#") - signs.count("b")) % 12


def transpose_chord(chord: Chord, semitones: int) -> Chord:
    """The chord moved by semitones, root and bass."""
    bass = None if chord.bass is None else (chord.bass + semitones) % 12
    return replace(chord, root=(chord.root + semitones) % 12, bass=bass)


def tile_chords(chords: list[Chord], n_beats: float) -> list[Chord]:
    """The chords, whose starts do not count, repeated and cut so that they fill `n_beats` beats."""
    tiled: list[Chord] = []
    start = 0.0
    while start < n_beats - 1e-9:
        chord = chords[len(tiled) % len(chords)]
        tiled.append(replace(chord, start=start, length=min(chord.length, n_beats - start)))
        start += tiled[-1].length
    return tiled


def cut_chords(chords: Iterable[Chord], start: float, end: float, shift: float) -> list[Chord]:
    """What lies within [start, end) beats of the chords, moved by `shift` beats."""
    cut = []
    for chord in chords:
        first, last = max(chord.start, start), min(chord.end, end)
        if last - first > 1e-9:
            cut.append(replace(chord, start=first + shift, length=last - first))
    return cut


def merge_chords(chords: Iterable[Chord]) -> list[Chord]:
    """Neighbours that are the same chord become one, up to LONGEST beats."""
    merged: list[Chord] = []
    for chord in chords:
        last = merged[-1] if merged else None
        same = last and replace(last, start=chord.start, length=chord.length) == chord
        if same and last.length + chord.length <= LONGEST:
            merged[-1] = replace(last, length=last.length + chord.length)
        else:
            merged.append(chord)
    return merged
