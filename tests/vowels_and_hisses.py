"""A voice to make choirs of: vowels by formants, hisses between them."""

import numpy as np

RATE = 24_000
FORMANTS_HZ = {"a": (800, 1200), "i": (300, 2400), "u": (320, 800)}


def vowel(name: str, length_s: float, f0_hz: float = 220.0) -> np.ndarray:
    times_s = np.arange(round(length_s * RATE)) / RATE
    wave = np.zeros(len(times_s))
    for harmonic in range(1, int(5000 / f0_hz)):
        hz = harmonic * f0_hz
        gain = sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in FORMANTS_HZ[name])
        wave += (0.01 + gain) / harmonic**0.5 * np.sin(2 * np.pi * hz * times_s)
    fade = np.minimum(1, np.minimum(times_s, times_s[::-1]) / 0.02)
    return 0.1 * fade * wave


def hiss(length_s: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(round(length_s * RATE))
    return 0.03 * np.diff(noise, prepend=0.0)


def silence(length_s: float) -> np.ndarray:
    return np.zeros(round(length_s * RATE))


def phrase(vowels: str = "aiuaiu") -> np.ndarray:
    """Half a second of silence, vowels of half a second, and half a second of silence."""
    return np.concatenate([silence(0.5), *(vowel(name, 0.5) for name in vowels), silence(0.5)])
