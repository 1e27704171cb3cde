"""The chords that a song is written in."""

from __future__ import annotations

import numpy as np

from kcarol.transcription.lead_sheet import QUALITIES

CHORDS = tuple((root, quality) for quality in QUALITIES for root in range(12))
NO_CHORD = len(CHORDS)  # number of the state in which nothing sounds
ROOTS = np.array([root for root, _ in CHORDS])  # (C,)
STEPS = (np.arange(12) - ROOTS[:, None]) % 12  # (C, 12) semitones of pitch classes above the root
TONES = np.array(  # (C, 12) bool
    [np.isin(steps, QUALITIES[quality]) for steps, (_, quality) in zip(STEPS, CHORDS, strict=True)]
)
