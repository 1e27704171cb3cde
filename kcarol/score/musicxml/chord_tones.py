"""What the tones of a song's chords are called: in F minor the E of C7 is no F flat."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction

from kcarol.score.musicxml.elements import ticks
from kcarol.score.musicxml.spelling import signature, tone_places
from kcarol.score.notated import Notated
from kcarol.transcription.lead_sheet import Chord


class ChordTones:
    """Names of chord tones, by their places on the line of fifths, throughout a song.

    fifths, above: signature and semitones in which a transposing instrument reads.
    """

    def __init__(self, paper: Notated, fifths: int | None = None, above: int = 0):
        concert = signature(paper.key, paper.mode)
        shift = 0 if fifths is None else fifths - concert
        self.starts = [ticks(Fraction(chord.start)) for chord in paper.chords]
        known = {chord: _places(chord, concert, shift, above) for chord in _kinds(paper)}
        self.places = [known[_kind(chord)] for chord in paper.chords]

    def at(self, tick: int) -> Mapping[int, int]:
        """Pitch class, as it is read, -> place on the line of fifths."""
        return self.places[max(0, bisect_right(self.starts, tick) - 1)]


Kind = tuple[int, tuple[int, ...]]  # root and pitch classes


def _kind(chord: Chord) -> Kind:
    return chord.root, () if chord.silent else chord.pitch_classes


def _kinds(paper: Notated) -> set[Kind]:
    return {_kind(chord) for chord in paper.chords}


def _places(kind: Kind, fifths: int, shift: int, above: int) -> dict[int, int]:
    places = tone_places(*kind, fifths, shift)
    return {(pitch_class + above) % 12: place for pitch_class, place in places.items()}
