"""Degradations of recordings: lossy codecs, hiss and hum, wow and flutter."""

from __future__ import annotations

import numpy as np
from scipy import fft, signal

from kcarol.corpus.mixing.levels import SMALLEST, db_to_gain
from kcarol.corpus.stft import RootHannStft


def codec_loss(
    wave: np.ndarray, sample_rate: int, cutoff_hz: float, hole_db: float, step_db: float
) -> np.ndarray:
    """(T,) after a simulated lossy codec.

    Bins above `cutoff_hz` and those more than `hole_db` below the loudest of their band and frame
    are removed, magnitudes rounded to steps of `step_db` (0: not rounded).
    """
    stft = RootHannStft(len(wave), hop=512, overlap=2)
    spectrum = stft.analyse(stft.frames(wave))
    magnitude = np.abs(spectrum) + np.float32(SMALLEST)
    # about critical bands
    edges = np.unique([0, *np.geomspace(4, stft.n_fft // 2, 22).astype(int)])
    widths = np.diff([*edges, spectrum.shape[1]])
    loudest = np.repeat(np.maximum.reduceat(magnitude, edges, axis=1), widths, axis=1)
    gain = (magnitude > loudest * np.float32(db_to_gain(-hole_db))).astype(np.float32)
    if step_db > 0:
        per_step = np.float32(20 / np.log10(10) / step_db)
        steps = np.log10(magnitude) * per_step
        gain *= np.power(np.float32(10), (np.round(steps) - steps) / per_step)
    below_hz = cutoff_hz - fft.rfftfreq(stft.n_fft, 1 / sample_rate)
    gain *= np.clip(below_hz / 150 + 1, 0, 1).astype(np.float32)
    return stft.synthesise(spectrum * gain)


def noise_floor(
    n_samples: int,
    sample_rate: int,
    noise_db: float,
    hum_db: float,
    hum_hz: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """(T,) of pinkish hiss at `noise_db` rms and mains hum at `hum_db` peak, full scale 1."""
    white = rng.standard_normal(n_samples, dtype=np.float32)
    hiss = white + signal.lfilter([0.8], [1, -0.95], white).astype(np.float32)
    out = hiss * np.float32(db_to_gain(noise_db) / max(float(hiss.std()), SMALLEST))
    if hum_db > -90:
        phase = np.arange(sample_rate) / sample_rate * 2 * np.pi * round(hum_hz)
        hum = sum(np.sin(k * phase) / k**1.5 for k in (1, 2, 3, 5))  # one second, then repeated
        out += np.resize((hum * db_to_gain(hum_db)).astype(np.float32), n_samples)
    return out


def drift_pitch(
    wave: np.ndarray, sample_rate: int, cents: float, rate_hz: float, start: float = 0.0
) -> np.ndarray:
    """(T,) with the wow of a tape or turntable: pitch swings by `cents`, `rate_hz` times a second.

    `start` is where in the swing the wave begins, 0 to 1. Time moves by less than `cents` / (10 900
    * rate_hz) s.
    """
    n = np.arange(wave.shape[-1], dtype=np.float64)
    reach = (2 ** (cents / 1200) - 1) * sample_rate / (2 * np.pi * rate_hz)  # in samples
    swing = np.sin(2 * np.pi * (rate_hz / sample_rate * n + start)) - np.sin(2 * np.pi * start)
    return np.interp(n + reach * swing, n, wave).astype(np.float32)
