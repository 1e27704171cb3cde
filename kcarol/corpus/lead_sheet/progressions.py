"""Chord progressions: the common ones of pop, walks, colours, and secondary dominants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kcarol.corpus.draws import pick_weighted
from kcarol.corpus.lead_sheet.chords import parse_chord, tile_chords
from kcarol.corpus.tables import read_table, rows
from kcarol.transcription.lead_sheet import SCALES, Chord

WALKED = 0.22  # share of progressions that are drawn chord by chord
LONG_WALKS = 0.09  # share of progressions that are walks of eight chords instead of four
TURNED = 0.08  # share that are a common progression begun elsewhere in its circle


@dataclass(frozen=True)
class Harmony:
    """Settings that all progressions of a song share."""

    key: int  # pitch class of the tonic
    mode: str  # "major" or "minor"
    richness: float = 0.0  # share of chords with sevenths and the like
    approach: float = 0.0  # chance that a chord's second half leads to the next one


def common_progressions(mode: str) -> list[str]:
    return rows(read_table("lead_sheet", "composing.ini")[mode]["progressions"])


def draw_progression(rng: np.random.Generator, mode: str) -> list[str]:
    """Symbols (degrees) of 2 to 8 chords: mostly a common progression, sometimes a walk."""
    how = rng.random()
    if how < WALKED:
        return _walk(rng, mode, 8 if how < LONG_WALKS else 4)
    chords = pick_weighted(rng, common_progressions(mode)).split()
    turn = int(rng.integers(len(chords))) if how < WALKED + TURNED else 0
    return chords[turn:] + chords[:turn]


def _walk(rng: np.random.Generator, mode: str, n_chords: int) -> list[str]:
    following = read_table("lead_sheet", "composing.ini")[f"{mode} walk"]
    tonic = "1" if mode == "major" else "1m"
    chords = [pick_weighted(rng, list(following)[:6])]
    while len(chords) < n_chords:
        chords.append(pick_weighted(rng, following.get(chords[-1], tonic).split()))
    return chords


def lay_chords(
    rng: np.random.Generator,
    symbols: Sequence[str],
    n_beats: float,
    beats_per_chord: float,
    harmony: Harmony,
) -> list[Chord]:
    """The progression, `beats_per_chord` for each chord, repeated alike over `n_beats`."""
    chords = [parse_chord(symbol, 0.0, beats_per_chord, harmony.key) for symbol in symbols]
    chords = [_coloured(rng, chord, harmony) for chord in chords]
    is_split = [beats_per_chord >= 2 and rng.random() < harmony.approach for _ in chords]
    laid: list[Chord] = []
    for chord, following, split in zip(chords, chords[1:] + chords[:1], is_split, strict=True):
        if split and following.root != chord.root:
            laid += _split(rng, chord, following)
        else:
            laid.append(chord)
    return tile_chords(laid, n_beats)


def _coloured(rng: np.random.Generator, chord: Chord, harmony: Harmony) -> Chord:
    """The triad, or with a seventh, sixth, ninth or suspension, or on its third."""
    coloured = chord
    if rng.random() < harmony.richness:
        if chord.quality == "maj":
            coloured = replace(chord, quality=pick_weighted(rng, _major_colours(chord, harmony)))
        elif chord.quality == "min":
            coloured = replace(chord, quality="min7")
    if chord.bass is None and chord.quality in ("maj", "min") and rng.random() < 0.06:
        return replace(chord, bass=chord.pitch_classes[1])
    return coloured


def _major_colours(chord: Chord, harmony: Harmony) -> tuple[str, ...]:
    degree = chord.root - harmony.key
    if degree % 12 == 7:  # the dominant
        return "7", "sus4"
    if (degree + 11) % 12 in SCALES[harmony.mode]:
        return "maj7", "add9", "6"
    return "add9", "sus2"


def _split(rng: np.random.Generator, chord: Chord, following: Chord) -> list[Chord]:
    """The chord, then an approach to the next: its dominant, a diminished chord, a suspension."""
    second = float(chord.length // 2)  # of three beats the last, of five the last two
    head = replace(chord, length=chord.length - second)
    tail = replace(chord, start=chord.start + head.length, length=second)
    if rng.random() < 0.3:  # a diminished chord that leads up by a semitone
        root = (following.bass_class - 1) % 12
        return [head, replace(tail, root=root, quality="dim", bass=None)]
    if chord.quality in ("maj", "7") and rng.random() < 0.45:
        return [replace(head, quality="sus4"), tail]
    return [head, replace(tail, root=(following.root + 7) % 12, quality="7", bass=None)]
