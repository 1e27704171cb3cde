"""Cheats that every table shows beside the real thing: the song equalised like a carol, noise
coloured like a carol.
"""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np

from kcarol.audio.log_mel import mel_edges_hz
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics


def band_levels(waves: Sequence[np.ndarray], n_fft: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """Mean spectrum of waves in thirds of an octave: centres (K,) in Hz, magnitudes (K,)."""
    spectrum = np.mean(
        [np.abs(librosa.stft(metrics.set_level(w), n_fft=n_fft)).mean(axis=1) for w in waves],
        axis=0,
    )
    frequency = np.arange(len(spectrum)) * metrics.SAMPLE_RATE / n_fft
    centres = 7000 * 2.0 ** (np.arange(-21, 1) / 3)  # 55 Hz to 7 kHz
    near = [np.abs(np.log2(np.maximum(frequency, 1) / centre)) <= 1 / 6 for centre in centres]
    return centres, np.array([spectrum[band].mean() for band in near])


def equalised(wave: np.ndarray, target_levels: np.ndarray, n_fft: int = 2048) -> np.ndarray:
    """Anchor `eq`: wave (T,) filtered to the mean spectrum `target_levels` (K,), as `band_levels`
    gives it.
    """
    centres, own = band_levels([wave], n_fft)
    frequency = np.maximum(np.arange(n_fft // 2 + 1) * metrics.SAMPLE_RATE / n_fft, 1)
    gain_db = 20 * np.log10((target_levels + 1e-6) / (own + 1e-6))
    gain = 10 ** (np.interp(np.log2(frequency), np.log2(centres), np.clip(gain_db, -40, 40)) / 20)
    filtered = librosa.istft(librosa.stft(wave, n_fft=n_fft) * gain[:, None], length=len(wave))
    return filtered.astype(np.float32)


def constant_mel(
    log_mel: np.ndarray, n_samples: int, cfg: AudioConfig, seed: int = 0
) -> np.ndarray:
    """Anchor `mean`: noise (T,) whose log-mel is `log_mel` (M,) at all times: a carol's colour
    without any song.
    """
    centres = mel_edges_hz(cfg)[1:-1].numpy()
    frequency = np.arange(cfg.n_fft // 2 + 1) * cfg.sample_rate / cfg.n_fft
    gain = np.exp(np.interp(frequency, centres, log_mel))
    noise = np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)
    coloured = librosa.istft(librosa.stft(noise, n_fft=cfg.n_fft) * gain[:, None], length=n_samples)
    return metrics.set_level(coloured)
