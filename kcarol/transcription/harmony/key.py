"""The key of a song, and from part to part."""

from __future__ import annotations

import numpy as np

from kcarol.transcription.harmony.path import likeliest_path
from kcarol.transcription.harmony.vocabulary import TONES
from kcarol.transcription.lead_sheet import SCALES

# Perceived fitness of the pitch classes in C major and C minor (Krumhansl and Kessler,
# Psychological Review 1982)
KEY_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
KEYS = tuple((tonic, mode) for mode in KEY_PROFILES for tonic in range(12))
LEADING_NOTE = 11  # semitones above a minor tonic: half at home there
KEY_CHANGE = 20.0  # nats
PROFILE_GAIN = 0.5  # nats a part that one pitch class adds to a key one deviation above the mean


def find_key(tune: np.ndarray, chord: np.ndarray) -> tuple[int, str]:
    """Tonic and mode whose profile correlates best with how long each pitch class sounds.

    tune (F,): MIDI pitches or -1; chord (F, 12).
    """
    held = chord.sum(0) + np.bincount(tune[tune >= 0] % 12, minlength=12)
    if np.ptp(held) == 0:
        return 0, "major"
    return KEYS[int((_profiles() @ held).argmax())]


def local_keys(chord: np.ndarray) -> np.ndarray:
    """Numbers (P,) in KEYS, from the pitch classes (P, 12) of each part; modulations are rare."""
    likelihood = PROFILE_GAIN * chord @ _profiles().T
    free = np.zeros_like(likelihood)
    return likeliest_path(likelihood, free, np.full(len(chord), KEY_CHANGE))


def chromatic_tones() -> np.ndarray:
    """(24, C): how many tones of each chord lie outside the scale of each of the KEYS."""
    foreign = np.ones((len(KEYS), 12))
    for number, (tonic, mode) in enumerate(KEYS):
        if mode == "minor":
            foreign[number, (tonic + LEADING_NOTE) % 12] = 0.5
        foreign[number, [(tonic + step) % 12 for step in SCALES[mode]]] = 0
    return foreign @ TONES.T


def _profiles() -> np.ndarray:
    """(24, 12): profiles of the KEYS, of mean 0 and deviation 1."""
    profiles = np.array([np.roll(KEY_PROFILES[mode], tonic) for tonic, mode in KEYS])
    return (profiles - profiles.mean(1, keepdims=True)) / profiles.std(1, keepdims=True)
