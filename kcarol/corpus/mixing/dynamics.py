"""Compression, ducking and distortion, without loops over samples."""

from __future__ import annotations

import numpy as np
from scipy import signal

from kcarol.corpus.mixing.filters import pass_band
from kcarol.corpus.mixing.levels import SMALLEST, db_to_gain, peak_of

BLOCK = 64  # samples between two values of a compressor's gain: 4 ms at 16 kHz


def envelope_db(
    wave: np.ndarray, sample_rate: int, attack_s: float, release_s: float
) -> np.ndarray:
    """Level in dB, (1 + T // BLOCK,), of (T,) or (C, T): falls 8.7 dB per `release_s`, rises over
    `attack_s`.

    The falling peak hold is a running maximum of a tilted curve.
    """
    loudest = np.abs(np.atleast_2d(wave)).max(axis=0)
    n_blocks = 1 + len(loudest) // BLOCK
    padded = np.zeros(n_blocks * BLOCK, np.float32)
    padded[: len(loudest)] = loudest
    level_db = 20 * np.log10(padded.reshape(n_blocks, BLOCK).max(axis=1) + SMALLEST)
    fall_db = 8.686 * BLOCK / (sample_rate * max(release_s, 1e-3))
    tilt_db = np.arange(n_blocks) * fall_db
    held_db = np.maximum.accumulate(level_db + tilt_db) - tilt_db
    keep = np.exp(-BLOCK / (sample_rate * max(attack_s, 1e-4)))
    return signal.lfilter([1 - keep], [1, -keep], held_db, zi=[keep * held_db[0]])[0]


def _with_gain_db(wave: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
    """(..., T) times a gain given for each BLOCK, linear between, the last value held."""
    n_blocks = 1 + wave.shape[-1] // BLOCK
    padded_db = np.pad(gain_db, (0, max(0, n_blocks + 1 - len(gain_db))), mode="edge")
    knots = db_to_gain(padded_db).astype(np.float32)
    ramp = np.arange(BLOCK, dtype=np.float32) / BLOCK
    gain = knots[:n_blocks, None] + np.diff(knots[: n_blocks + 1])[:, None] * ramp
    return wave * gain.ravel()[: wave.shape[-1]]


def compress(
    wave: np.ndarray,
    sample_rate: int,
    threshold_db: float,
    ratio: float,
    attack_s: float = 0.01,
    release_s: float = 0.15,
) -> np.ndarray:
    """(T,) or (C, T), peaks above `threshold_db` (full scale 1) divided by `ratio`, all channels
    by the same gain.
    """
    over_db = np.maximum(envelope_db(wave, sample_rate, attack_s, release_s) - threshold_db, 0)
    return _with_gain_db(wave, -over_db * (1 - 1 / ratio))


def duck(
    wave: np.ndarray, key: np.ndarray, sample_rate: int, depth_db: float, release_s: float = 0.2
) -> np.ndarray:
    """(T,) or (C, T) turned down by up to `depth_db` where `key` (T,) or (C, T) is loud.

    Sidechain compression: full depth at the key's loudest, none 24 dB below.
    """
    level_db = envelope_db(key, sample_rate, 0.004, release_s)
    loudness = np.clip((level_db - level_db.max() + 24) / 24, 0, 1)
    return _with_gain_db(wave, -depth_db * loudness)


def saturate(wave: np.ndarray, drive_db: float) -> np.ndarray:
    """Soft clipping of (..., T) by tanh, driven `drive_db` above its peak, which is kept."""
    peak = peak_of(wave)
    if peak < SMALLEST:
        return wave
    gain = float(db_to_gain(drive_db))
    clipped = np.tanh(wave * np.float32(gain / peak)) * np.float32(peak / np.tanh(gain))
    return clipped.astype(np.float32, copy=False)


def amplifier(wave: np.ndarray, sample_rate: int, drive_db: float, tone_hz: float) -> np.ndarray:
    """(T,) through an overdriven guitar amplifier and its loudspeaker; chords distort as one."""
    peak = peak_of(wave)
    if peak < SMALLEST:
        return wave
    tight = pass_band(wave, sample_rate, 90.0, None)  # or the bass would rule the distortion
    driven = np.tanh(tight * np.float32(db_to_gain(drive_db) / peak) + np.float32(0.15))
    return pass_band(driven * np.float32(peak), sample_rate, 80.0, tone_hz)
