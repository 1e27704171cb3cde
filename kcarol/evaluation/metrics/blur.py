"""Blur and seams, which no other metric detects."""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np

from kcarol.evaluation.metrics.waves import LABEL_HOP, SAMPLE_RATE, SILENCE, mel_db

REACH = 2  # frames around a join in which its jump is looked for


def crest_db(wave: np.ndarray) -> float:
    """Mean over sounding frames of 20 log10(max / mean) of the STFT magnitude, bins 26 to 511.

    STFT of 2048 samples, hop 512. Sounding: at least 5 % of the mean level. Blur lowers it: real
    carols have about 32 dB, noise about 10. NaN for silence.
    """
    magnitude = np.abs(librosa.stft(wave, n_fft=2048, hop_length=512))[26:512]
    mean = magnitude.mean(axis=0)
    sounding = (mean >= 0.05 * mean.mean()) & (mean > SILENCE)
    if not sounding.any():
        return float("nan")
    return float(np.mean(20 * np.log10(magnitude.max(axis=0)[sounding] / mean[sounding])))


def attack(envelope: np.ndarray) -> float:
    """98th percentile of the onset strength (F,) over its mean: real carols have about 5.9.

    NaN for a constant.
    """
    mean = float(np.mean(envelope)) if len(envelope) else 0.0
    return float(np.percentile(envelope, 98) / mean) if mean > 0 else float("nan")


def seam_ratio(wave: np.ndarray, joins_s: Sequence[float]) -> float:
    """How much more the spectrum jumps where windows were joined than elsewhere; 1: no seam.

    A jump is the mean absolute change of the mel spectrum in dB from frame to frame (hop 256). The
    ratio is of the means of the largest jumps within 2 frames. NaN without joins inside.
    """
    jumps = np.abs(np.diff(mel_db(wave, LABEL_HOP), axis=1)).mean(axis=0)
    if len(jumps) <= 2 * REACH:
        return float("nan")
    largest = np.lib.stride_tricks.sliding_window_view(jumps, 2 * REACH + 1).max(axis=-1)
    joins = np.round(np.asarray(joins_s, dtype=float) * SAMPLE_RATE / LABEL_HOP).astype(int) - REACH
    joins = np.unique(joins[(joins >= 0) & (joins < len(largest))])
    distance = np.abs(np.arange(len(largest))[:, None] - joins)
    elsewhere = (distance > 2 * REACH).all(axis=1)
    if not len(joins) or not elsewhere.any():
        return float("nan")
    return float(largest[joins].mean() / (largest[elsewhere].mean() + SILENCE))
