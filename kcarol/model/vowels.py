"""The vowels that singing is heard in and that choirs sing."""

from __future__ import annotations

VOWELS = ("a", "e", "i", "o", "u", "neutral")
NO_VOWEL = len(VOWELS)  # class of frames in which nobody sings
