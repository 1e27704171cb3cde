"""Equaliser filters: biquads of R. Bristow-Johnson's "Audio EQ Cookbook", and pass bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import signal


def peaking_section(sample_rate: int, centre_hz: float, gain_db: float, q: float) -> np.ndarray:
    """Biquad (6,) of a bell filter, cookbook "peakingEQ": bandwidth centre / q."""
    gain = 10 ** (gain_db / 40)
    omega = _angular(centre_hz, sample_rate)
    alpha = np.sin(omega) / (2 * q)
    middle = -2 * np.cos(omega)
    numerator = (1 + alpha * gain, middle, 1 - alpha * gain)
    denominator = (1 + alpha / gain, middle, 1 - alpha / gain)
    return np.array([*numerator, *denominator]) / denominator[0]


def shelf_section(sample_rate: int, corner_hz: float, gain_db: float, high: bool) -> np.ndarray:
    """Biquad (6,) of a low or high shelf of slope 1, cookbook "lowShelf" and "highShelf".

    The gain at the corner is half of `gain_db`.
    """
    gain = 10 ** (gain_db / 40)
    omega = _angular(corner_hz, sample_rate)
    sign = -1.0 if high else 1.0  # the high shelf is the low one with the cosine's sign turned
    cos = sign * np.cos(omega)
    beta = np.sin(omega) * np.sqrt(2 * gain)
    up, down = gain + 1, gain - 1
    section = np.array(
        [
            gain * (up - down * cos + beta),
            sign * 2 * gain * (down - up * cos),
            gain * (up - down * cos - beta),
            up + down * cos + beta,
            sign * -2 * (down + up * cos),
            up + down * cos - beta,
        ]
    )
    return section / section[3]


def _angular(frequency_hz: float, sample_rate: int) -> float:
    """Radians per sample, below Nyquist."""
    return 2 * np.pi * min(frequency_hz, 0.49 * sample_rate) / sample_rate


def pass_section(sample_rate: int, corner_hz: float, kind: str) -> np.ndarray:
    """Biquad (6,) of a second-order Butterworth "highpass" or "lowpass"."""
    return signal.butter(2, corner_hz, kind, fs=sample_rate, output="sos")[0]


def filter_sections(wave: np.ndarray, sections: Sequence[np.ndarray]) -> np.ndarray:
    """(..., T) float32 through a chain of biquads, each (6,)."""
    wave = wave.astype(np.float32, copy=False)
    return signal.sosfilt(np.stack(sections).astype(np.float32), wave) if len(sections) else wave


def pass_band(
    wave: np.ndarray, sample_rate: int, low_hz: float | None, high_hz: float | None
) -> np.ndarray:
    """(..., T) limited to `low_hz` to `high_hz`; None sets no limit."""
    sections = []
    if low_hz:
        sections.append(pass_section(sample_rate, low_hz, "highpass"))
    if high_hz and high_hz < 0.49 * sample_rate:
        sections.append(pass_section(sample_rate, high_hz, "lowpass"))
    return filter_sections(wave, sections)
