"""Preparation of waves for the metrics."""

from __future__ import annotations

import librosa
import numpy as np

SAMPLE_RATE = 16_000  # Hz
HOP = 512  # samples, 32 ms: for real recordings
LABEL_HOP = 256  # samples, 16 ms: the frames of the corpus' labels
HEARD_S = 60.0  # how much of a recording is measured
LEVEL_RMS = 0.1
SILENCE = 1e-9


def set_level(wave: np.ndarray, rms: float = LEVEL_RMS) -> np.ndarray:
    """(T,) -> (T,) float32 of the given rms; silence stays silent."""
    wave = np.asarray(wave, dtype=np.float32)
    level = np.sqrt(np.mean(wave**2)) if wave.size else 0.0
    return wave * np.float32(rms / (level + SILENCE))


def prepare(wave: np.ndarray, heard_s: float = HEARD_S) -> np.ndarray:
    """(T,) -> its first `heard_s` seconds at rms .1, clipped and rounded to 16 bits."""
    levelled = set_level(np.asarray(wave)[: int(heard_s * SAMPLE_RATE)])
    return (np.round(np.clip(levelled, -1, 1) * 32767) / 32767).astype(np.float32)


def mel_db(wave: np.ndarray, hop: int = HOP) -> np.ndarray:
    """(T,) -> (128, F) mel power in dB at unit rms, at most 80 dB below its maximum."""
    power = librosa.feature.melspectrogram(y=set_level(wave, 1.0), sr=SAMPLE_RATE, hop_length=hop)
    return librosa.power_to_db(power, top_db=80)
