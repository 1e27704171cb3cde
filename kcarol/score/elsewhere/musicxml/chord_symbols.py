"""Chord symbols of any kind as the nearest chord of a lead sheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kcarol.transcription.lead_sheet import QUALITIES

if TYPE_CHECKING:
    from music21.harmony import ChordSymbol, NoChord

# what it costs to lack a tone, or to have one too many, by semitones above the root: a third tells
# more than a fifth or a seventh, and these more than what is added
WEIGHTS = (9.0, 0.5, 1.0, 3.0, 3.0, 1.0, 1.5, 1.5, 1.5, 1.0, 1.5, 1.5)
POWER = {0, 7}  # neither major nor minor


def chord_of(symbol: ChordSymbol | NoChord) -> tuple[int, str, int | None] | None:
    """Root, quality and bass (pitch classes; None: the root); None: no chord is played."""
    from music21.harmony import ChordSymbol

    if "NoChord" in symbol.classSet or symbol.root() is None:
        return None
    root = symbol.root().pitchClass
    bass = symbol.bass().pitchClass if symbol.bass() is not None else root
    steps = {0, *_steps(symbol, root)}
    if bass == root:
        return root, nearest_quality(steps), None
    if not symbol.chordStepModifications:  # the bass belongs to C/E, but not to C/D
        plain = ChordSymbol(root=symbol.root(), kind=symbol.chordKind)
        steps = {0, *_steps(plain, root)}
    return root, nearest_quality(steps), bass


def _steps(symbol: ChordSymbol, root: int) -> Iterator[int]:
    return ((pitch.pitchClass - root) % 12 for pitch in symbol.pitches)


def nearest_quality(steps: set[int]) -> str:
    """The quality whose tones are likest to some, in semitones above the root."""
    if steps <= POWER:
        return "maj"
    return min(QUALITIES, key=lambda quality: _cost(steps, quality))


def _cost(steps: set[int], quality: str) -> float:
    return sum(WEIGHTS[step] for step in steps ^ set(QUALITIES[quality]))
