"""Chords by scale degree and by name, the common progressions of pop, and how long each chord
lasts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from kcarol.transcription.lead_sheet import QUALITIES, SCALES, Chord

T = TypeVar("T")

# semitones of a major scale above the tonic
DEGREES = {"1": 0, "2": 2, "3": 4, "4": 5, "5": 7, "6": 9, "7": 11}
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SUFFIXES = {"": "maj", "m": "min", "m7": "min7"} | {name: name for name in QUALITIES}
_SYMBOL = re.compile(r"([b#]?)([1-7A-G])([b#]?)(.*?)(?:/([b#]?)([1-7A-G])([b#]?))?$")

# One letter-free notation for both modes: degrees of the major scale above the tonic, flats written
# out.
MAJOR = [
    "1 5 6m 4",
    "6m 4 1 5",
    "4 1 5 6m",
    "1 4 6m 5",
    "1 6m 4 5",
    "1 6m 2m 5",
    "1 3m 4 5",
    "1 3m 6m 4",
    "4 5 3m 6m",
    "4maj7 5 3m7 6m7",
    "4 5 6m 1",
    "4 5 1 6m",
    "6m 5 4 5",
    "6m 3m 4 1",
    "6m 1 5 4",
    "6m 4 5 1",
    "2m7 57 1maj7 6m7",
    "2m7 57 1maj7 1maj7",
    "3m7 6m7 2m7 57",
    "1maj7 6m7 2m7 57",
    "1 5 6m 3m 4 1 4 5",
    "1 5/7 6m 5 4 1/3 2m7 5",
    "1 5/7 6m 6m/5 4 1/3 2m7 5sus4",
    "6m 6m/5 4 1/3 2m 1 4 5",
    "1 2m/1 5/7 1",
    "4maj7 37 6m7 17",
    "4maj7 37 6m 5m7",
    "4 4m 1 6m",
    "1 4 4m 1",
    "4maj7 4m 3m7 6m7",
    "1 b7 4 1",
    "1 b7 4 4m",
    "1 b6 b7 1",
    "1 b3 4 1",
    "1 4 1 5",
    "1 1 4 5",
    "1 4 5 4",
    "1 4",
    "1 4 2m 5",
    "1 2m 4 1",
    "2m 4 1 5",
    "1 5 2m 4",
    "1 5 4 4",
    "1sus2 5 6m7 4add9",
    "1add9 3m7 4maj7 5sus4",
    "4add9 1/3 2m7 1",
    "1 1aug 16 17",
    "1 37 4 4m",
    "1 37 6m 27",
    "1 17 4 4m",
    "6m 2m 5 1",
    "3m 4 5 6m",
    "4 3m 2m 1",
    "4maj7 3m7 2m7 1maj7",
    "1 #1dim 2m7 57",
    "1 1/3 b3dim 2m7 57 1 57",
    "1 67 27 57",
    "1 37 67 27 57 1",
    "1 17 4 #4dim 1/5 67 2m7 57",
    "4 #4dim 1/5 57",
    "1 5/7 b7 67 4 4m 1/5 57",
    "1 #5dim 6m 27 57 1",
    "1 7 b77 67 2m7 57 1 57",
    "67 27 57 1",
    "1 4 1 57",
    "1 1 57 1",
    "1 57 57 1",
    "4 1 57 1",
    "1 4 57 1 4 1 57 1",
    "1 6m 27 57",
    "1 37 4 #4dim 1/5 57 1 57",
    "1 7dim 6m 5",
    "1 5m 4 1",
    "1 6m 3m 5",
    "1 4/1 1 5/1",
    "4 1 2m 6m",
    "5 4 1 1",
    "1 5 4 5",
    "2m 3m 4 5",
]
MINOR = [
    "1m b6 b3 b7",
    "1m b7 b6 b7",
    "1m b7 b6 57",
    "1m 4m 5m 1m",
    "1m 4m 57 1m",
    "1m b6 b7 1m",
    "b6 b7 1m 1m",
    "b6 b7 1m b3",
    "1m b3 b7 4",
    "1m 4",
    "1m7 47",
    "1m 4m b7 b3 b6 2m7b5 57 1m",
    "1m 5m b6 b7",
    "1m 1m b6 b7",
    "1m 2m7b5 57 1m",
    "b6 57 1m b3",
    "1m 57 1m b7 b3 b7 b6 57",
    "1m 1m/b7 6dim b6maj7 57",
    "1m 4m 7dim 1m",
    "1m 17 4m 57",
    "1m #4dim 57 1m",
    "1m 1m/7 1m/b7 47/6 4m/b6 57",
    "1m b7 4m b6",
    "1m 1m/7 1m7/b7 4/6",
    "1m b7 b6 4m",
    "4m b7 b3 b6",
    "4m 1m 57 1m",
    "1m b3 4m b6",
    "1m b6 4m 5",
    "1m b7 b3 b6",
    "b6 b3 b7 1m",
    "b6 4m 1m b7",
    "1m7 4m7 b7 b3maj7",
    "b6maj7 5m7 1m7 1m7",
    "b6maj7 57 1m7 b37",
    "1m b6maj7 b3 b7sus4",
    "1m b2 1m 57",
    "1m 1m 4m 57",
    "b3 b7 1m 4m",
    "1m 5m 4m b6",
    "1m b6 1m b7",
    "2m7b5 57 1m 1m",
    "1m 4m/1 b7/1 1m",
    "b6 b7 5m 1m",
]
# what may follow a chord, for progressions drawn by a walk
MAJOR_WALK = {
    "1": "4 5 6m 2m 3m 1/3 17 4maj7",
    "2m": "5 57 4 1/3 3m 2m7",
    "3m": "6m 4 2m 37",
    "4": "5 1 2m 4m 1/3 6m",
    "5": "1 6m 4 37 5/7",
    "6m": "4 2m 5 3m 6m/5 27",
    "17": "4",
    "27": "5 2m",
    "37": "6m 4",
    "4m": "1 5",
    "1/3": "4 2m",
    "5/7": "1 6m",
    "6m/5": "4",
    "4maj7": "5 3m 1",
    "57": "1 6m",
    "2m7": "57 5",
}
MINOR_WALK = {
    "1m": "b6 b7 4m b3 5m 57",
    "b3": "b7 b6 4m 1m",
    "4m": "1m 57 b7 b6",
    "5m": "b6 1m 4m",
    "57": "1m b6",
    "b6": "b7 b3 57 4m",
    "b7": "1m b3 b6",
    "4": "1m b7",
}


def pick(rng: np.random.Generator, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
    """One of the items, by weight; many times faster than `rng.choice` on short lists."""
    if weights is None:
        return items[int(rng.random() * len(items))]
    at = rng.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        at -= weight
        if at < 0:
            return item
    return items[-1]


def _pitch_class(flat: str | None, name: str, sharp: str | None, tonic: int) -> int:
    base = DEGREES[name] + tonic if name in DEGREES else LETTERS[name]
    signs = (flat or "") + (sharp or "")
    return (base + signs.count("#") - signs.count("b")) % 12


def parse_chord(symbol: str, start: float = 0.0, length: float = 1.0, tonic: int = 0) -> Chord:
    """Chord of a symbol: a degree above `tonic` ("6m", "b7", "57/4") or an absolute name ("Am7",
    "Bb", "C/E").

    A degree is one digit with its accidental before it; what follows is the quality, and after a
    slash the bass. Raises ValueError for anything else.
    """
    found = _SYMBOL.match(symbol)
    if not found or found[4] not in SUFFIXES:
        raise ValueError(
            f"expected a chord such as 6m, b7, Am7 or C/E, found {symbol!r}: write it that way"
        )
    bass = None if found[6] is None else _pitch_class(found[5], found[6], found[7], tonic)
    return Chord(
        start, length, _pitch_class(found[1], found[2], found[3], tonic), SUFFIXES[found[4]], bass
    )


def transpose_chord(chord: Chord, semitones: int) -> Chord:
    """The chord moved by semitones, root and bass."""
    bass = None if chord.bass is None else (chord.bass + semitones) % 12
    return replace(chord, root=(chord.root + semitones) % 12, bass=bass)


def draw_progression(rng: np.random.Generator, mode: str) -> list[str]:
    """Symbols (degrees) of 2, 4 or 8 chords: mostly a common progression, sometimes a walk or a
    rotation of one.
    """
    table, walk = (MAJOR, MAJOR_WALK) if mode == "major" else (MINOR, MINOR_WALK)
    how = rng.random()
    if how < 0.22:
        chord = pick(rng, list(walk)[:6])
        chords = [chord]
        while len(chords) < 4 + 4 * (how < 0.09):
            chord = pick(rng, walk.get(chord, "1" if mode == "major" else "1m").split())
            chords.append(chord)
        return chords
    chords = pick(rng, table).split()
    if how < 0.30:  # begin elsewhere in the circle
        turn = int(rng.integers(len(chords)))
        chords = chords[turn:] + chords[:turn]
    return chords


def colour(
    rng: np.random.Generator, chords: list[Chord], richness: float, tonic: int, mode: str
) -> list[Chord]:
    """Some triads get a seventh, sixth, ninth or suspension, or stand on their third; `richness` is
    that share.
    """
    scale = {(tonic + step) % 12 for step in SCALES[mode]}
    out = []
    for chord in chords:
        quality, bass = chord.quality, chord.bass
        if rng.random() < richness:
            if quality == "maj":
                is_dominant = (chord.root - tonic) % 12 == 7
                major_seventh = (chord.root + 11) % 12 in scale and not is_dominant
                plain = (
                    ["7", "sus4"]
                    if is_dominant
                    else ["maj7", "add9", "6"]
                    if major_seventh
                    else ["add9", "sus2"]
                )
                quality = pick(rng, plain)
            elif quality == "min":
                quality = "min7"
        if bass is None and chord.quality in ("maj", "min") and rng.random() < 0.06:
            bass = (chord.root + (4 if chord.quality == "maj" else 3)) % 12
            quality = chord.quality
        out.append(replace(chord, quality=quality, bass=bass))
    return out


def _split(rng: np.random.Generator, chord: Chord, following: Chord, mode: str) -> list[Chord]:
    """The chord with its last half turned into a way to the next one: its dominant, a diminished
    chord, or a suspension before the chord itself.
    """
    half = chord.length / 2 if chord.length % 2 == 0 else 1.0
    first, second = chord.length - half, half
    if rng.random() < 0.3:  # a diminished chord that leads up by a semitone
        passing = Chord(chord.start + first, second, (following.bass_class - 1) % 12, "dim")
        return [replace(chord, length=first), passing]
    if chord.quality in ("maj", "7") and rng.random() < 0.45:
        head = replace(chord, length=first, quality="sus4")
        return [head, replace(chord, start=chord.start + first, length=second)]
    dominant = Chord(chord.start + first, second, (following.root + 7) % 12, "7")
    return [replace(chord, length=first), dominant]


def lay(
    rng: np.random.Generator,
    symbols: list[str],
    n_beats: float,
    beats_per_chord: float,
    tonic: int,
    mode: str,
    richness: float = 0.0,
    approach: float = 0.0,
) -> list[Chord]:
    """Chords over `n_beats` beats: the progression repeated, each chord `beats_per_chord` long.

    `richness` is the share of coloured chords, `approach` the chance of a secondary dominant or
    suspension in the second half of a chord. All repetitions of the progression are the same, as in
    a song.
    """
    around = [parse_chord(symbol, 0.0, beats_per_chord, tonic) for symbol in symbols]
    around = colour(rng, around, richness, tonic, mode)
    split_at = {i for i in range(len(around)) if beats_per_chord >= 2 and rng.random() < approach}
    circle: list[Chord] = []
    for i, chord in enumerate(around):
        following = around[(i + 1) % len(around)]
        is_new = following.root != chord.root
        circle += _split(rng, chord, following, mode) if i in split_at and is_new else [chord]
    return tile(circle, n_beats)


def tile(circle: list[Chord], n_beats: float) -> list[Chord]:
    """The chords (their lengths count, their starts do not) repeated and cut so that they fill
    `n_beats` beats.
    """
    out: list[Chord] = []
    at, i = 0.0, 0
    while at < n_beats - 1e-9:
        chord = circle[i % len(circle)]
        length = min(chord.length, n_beats - at)
        out.append(replace(chord, start=at, length=length))
        at, i = at + length, i + 1
    return out
