"""Sleigh bells, which General MIDI lacks."""

from __future__ import annotations

import functools

import numpy as np

LENGTH_S = 0.4
N_BELLS = 48
LOWEST_HZ, HIGHEST_HZ = 2_800, 15_500
SPREAD_S = 0.03  # over which the bells of one shake strike
TREBLE_DB = -4.0  # an octave: the smaller, the softer


@functools.lru_cache(maxsize=4)
def jingle(sample_rate: int) -> np.ndarray:
    """One shake (T,) of peak 1: many small inharmonic bells."""
    rng = np.random.default_rng(25)
    t = np.arange(round(LENGTH_S * sample_rate)) / sample_rate
    sound = np.zeros_like(t)
    highest_hz = min(HIGHEST_HZ, 0.48 * sample_rate)
    for _ in range(N_BELLS):
        since_s = (t - rng.uniform(0, SPREAD_S)).clip(0)
        octaves = rng.uniform(0, np.log2(HIGHEST_HZ / LOWEST_HZ))
        frequency_hz = LOWEST_HZ * 2**octaves
        decay_s = rng.uniform(0.03, 0.12)
        level = rng.uniform(0.3, 1) * 10 ** (TREBLE_DB * octaves / 20)
        if frequency_hz < highest_hz:
            sound += level * np.exp(-since_s / decay_s) * np.sin(2 * np.pi * frequency_hz * since_s)
    sound *= np.minimum(1, (LENGTH_S - t) / 0.05)  # ends without a click
    return (sound / np.abs(sound).max()).astype(np.float32)
