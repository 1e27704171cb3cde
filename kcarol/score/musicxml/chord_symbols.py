"""Chords as MusicXML names them."""

from __future__ import annotations

KINDS = {  # quality -> kind, what is printed after the root
    "maj": ("major", ""),
    "min": ("minor", "m"),
    "dim": ("diminished", "dim"),
    "aug": ("augmented", "aug"),
    "sus4": ("suspended-fourth", "sus4"),
    "sus2": ("suspended-second", "sus2"),
    "6": ("major-sixth", "6"),
    "7": ("dominant", "7"),
    "maj7": ("major-seventh", "maj7"),
    "min7": ("minor-seventh", "m7"),
    "m7b5": ("half-diminished", "m7b5"),
    "add9": ("major", "add9"),  # and a degree of its own
}
QUALITY_OF = {kind: quality for quality, (kind, _) in reversed(KINDS.items())}
NO_CHORD = "none"
