"""Keys as MIDI files have them, by mido's names: Eb, F#m."""

from __future__ import annotations

from kcarol.score.chord_names import pitch_class_of, tone_name
from kcarol.score.musicxml.spelling import signature

MINOR = "m"


def key_name(key: int, mode: str) -> str:
    """Of the pitch class of a tonic, and "major" or "minor"."""
    return tone_name(key, signature(key, mode)) + (MINOR if mode == "minor" else "")


def key_named(name: str) -> tuple[int, str]:
    """Inverse of `key_name`."""
    mode = "minor" if name.endswith(MINOR) else "major"
    return pitch_class_of(name.removesuffix(MINOR)), mode
