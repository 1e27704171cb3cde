"""Names of chords: as lead sheets have them (F#m7b5/E), and as the tools of music information
retrieval do (F#:hdim7/b7).

Harte et al., "Symbolic Representation of Musical Chords: A Proposed Syntax for Text Annotations",
ISMIR 2005.
"""

from __future__ import annotations

import re

from kcarol.score.musicxml.spelling import SEMITONES, root_and_bass, signature
from kcarol.transcription.lead_sheet import Chord, LeadSheet

NO_CHORD = "N.C."
HARTE_NO_CHORD = "N"
SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}  # sharps of a name
SUFFIXES = {  # of qualities: the first is written, all are read
    "maj": ("", "maj", "major", "M", "5"),
    "min": ("m", "min", "minor", "mi", "-"),
    "dim": ("dim", "o", "°", "dim7", "o7", "°7"),
    "aug": ("aug", "+", "aug7", "+7", "7#5"),
    "sus4": ("sus4", "sus", "7sus4", "7sus", "9sus4"),
    "sus2": ("sus2",),
    "6": ("6", "maj6", "M6", "69", "6/9"),
    "7": ("7", "dom7", "9", "11", "13", "7b9", "7#9", "7b5"),
    "maj7": ("maj7", "M7", "Maj7", "ma7", "j7", "Δ", "Δ7", "maj9", "M9"),
    "min7": ("m7", "min7", "mi7", "-7", "m9", "min9", "m11", "m6", "min6"),
    "m7b5": ("m7b5", "min7b5", "-7b5", "ø", "ø7", "hdim7"),
    "add9": ("add9", "(add9)", "add2", "2"),
}
QUALITY_OF = {suffix: quality for quality, known in SUFFIXES.items() for suffix in known}
HARTE_QUALITIES = {"m7b5": "hdim7", "6": "maj6", "add9": "maj(9)"}
HARTE_DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")
NAME = re.compile(r"([A-G][#b♯♭]*)(.*?)(?:/([A-G][#b♯♭]*))?")


def key_signature(sheet: LeadSheet) -> int:
    """Sharps, or minus flats, of a sheet's key."""
    return signature(sheet.key, sheet.mode)


def tone_name(pitch_class: int, fifths: int) -> str:
    """C, F# or Bb, in a key of so many sharps."""
    return _spelled(root_and_bass(pitch_class, pitch_class, fifths)[0])


def chord_name(chord: Chord, fifths: int) -> str:
    """As lead sheets have it: C, Am7, Bb/D; N.C. where none sounds."""
    if chord.silent:
        return NO_CHORD
    root, bass = map(_spelled, root_and_bass(chord.root, chord.bass_class, fifths))
    return root + SUFFIXES[chord.quality][0] + ("" if chord.bass is None else f"/{bass}")


def named_chord(name: str, start: float = 0.0, length: float = 1.0) -> Chord | None:
    """Inverse of `chord_name`, of other spellings too; None for text that names no chord.

    Of a quality that we lack, the nearest.
    """
    name = name.strip()
    if name.upper().replace(".", "") in ("NC", "N"):
        return Chord(start, length, 0, silent=True)
    found = NAME.fullmatch(name)
    if not found or found[2] not in QUALITY_OF:
        return None
    root, quality = pitch_class_of(found[1]), QUALITY_OF[found[2]]
    bass = pitch_class_of(found[3]) if found[3] else None
    return Chord(start, length, root, quality, None if bass == root else bass)


def harte_label(chord: Chord, fifths: int) -> str:
    """As `mir_eval.chord` reads it: C:maj, A:min7, Bb:maj/3; N where none sounds."""
    if chord.silent:
        return HARTE_NO_CHORD
    quality = HARTE_QUALITIES.get(chord.quality, chord.quality)
    step = (chord.bass_class - chord.root) % 12
    bass = f"/{HARTE_DEGREES[step]}" if step else ""
    return f"{tone_name(chord.root, fifths)}:{quality}{bass}"


def _spelled(name: tuple[str, int]) -> str:
    letter, sharps = name
    return letter + SIGNS[sharps]


def pitch_class_of(name: str) -> int:
    """Of a letter and its accidentals: Bb."""
    letter, signs = name[0], name[1:]
    sharps = sum(1 if sign in "#♯" else -1 for sign in signs)
    return (SEMITONES[letter] + sharps) % 12
