"""From "ah" to other vowels: what the vocal tract changes in the spectrum of a singing choir.

Every choir sings its vowels with the samples of one that sings "ah". A vowel's formants are
resonances in cascade (D. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67,
1980); a vowel's gain is its cascade over the one of the samples.
"""

from __future__ import annotations

import numpy as np

from kcarol.model.vowels import VOWELS

# Hz, of men and women together: means by G. Peterson and H. Barney, "Control methods used in a
# study of the vowels", JASA 24, 1952; o and u closed, as they are sung
FORMANTS_HZ = {
    "a": (790, 1200, 2620),
    "e": (500, 2050, 2750),
    "i": (290, 2400, 3100),
    "o": (470, 820, 2600),
    "u": (330, 650, 2450),
    "neutral": (540, 1550, 2700),
}
SAMPLES_HZ = (560, 1000, 2550)  # what General MIDI's "choir aahs" sing
BANDWIDTHS_HZ = (100, 160, 320)  # of many singers together
# of a gain: all of it makes sopranos shrill and hides the tune (data/experiments.md)
STRENGTH = 0.6
MOST_DB, LEAST_DB = 10.8, -14.4
KEPT_HZ = (2000.0, 4500.0)  # from the first on gains come nearer to none, which the second has
ABOVE_PITCH = 1.05  # times the pitch: no trained singer's first formant lies lower
APART_HZ = 200.0  # of the second formant and the first
# Singers whose samples sing this vowel stay dark on all: bright ones stand out of their own sound
# as if a new instrument came in with each vowel
DARK_VOWEL = "u"
DARKENED_HZ, DARKENING_DB = (700.0, 1500.0), -20.0  # from the first on; all of it from the second


def gains_db(f0_hz: np.ndarray, frequencies_hz: np.ndarray) -> np.ndarray:
    """Pitches (...), frequencies (n,) -> gains of all vowels at them (len(VOWELS), ..., n)."""
    sampled = _cascade_db(SAMPLES_HZ, f0_hz, frequencies_hz)
    sung = [_cascade_db(FORMANTS_HZ[vowel], f0_hz, frequencies_hz) for vowel in VOWELS]
    gain_db = np.clip(STRENGTH * (np.stack(sung) - sampled), LEAST_DB, MOST_DB)
    return gain_db * np.interp(frequencies_hz, KEPT_HZ, (1, 0))


def darkening_db(frequencies_hz: np.ndarray) -> np.ndarray:
    """(n,) -> (n,) by how much dark singers are softer than those who sing "ah" by nature."""
    return np.interp(frequencies_hz, DARKENED_HZ, (0, DARKENING_DB))


def _cascade_db(
    formants_hz: tuple[float, ...], f0_hz: np.ndarray, frequencies_hz: np.ndarray
) -> np.ndarray:
    """Resonances at pitches (...) and frequencies (n,) -> (..., n), 0 dB at 0 Hz; constant far
    above the last.
    """
    tuned = [np.full(np.shape(f0_hz), hz, float) for hz in formants_hz]
    tuned[0] = np.maximum(tuned[0], ABOVE_PITCH * f0_hz)
    tuned[1] = np.maximum(tuned[1], tuned[0] + APART_HZ)
    power = np.ones(())
    for hz, width_hz in zip(tuned, BANDWIDTHS_HZ, strict=True):
        square = np.square(hz)[..., None]
        away = np.square(square - frequencies_hz**2) + np.square(width_hz * frequencies_hz)
        power = power * np.square(square) / away
    return 10 * np.log10(power)
