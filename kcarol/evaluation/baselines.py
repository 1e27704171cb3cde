"""Trivial baselines beside every result: the figures that are reached without any music."""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np

from kcarol.audio.log_mel import mel_edges_hz
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics

N_FFT = 2048
CENTRES_HZ = 7000 * 2.0 ** (np.arange(-21, 1) / 3)  # thirds of an octave, 55 Hz to 7 kHz
MAX_GAIN_DB = 40.0


def band_levels(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Mean magnitude spectrum of waves (T,) in the K bands of CENTRES_HZ: (K,)."""
    spectra = [np.abs(librosa.stft(metrics.set_level(w), n_fft=N_FFT)).mean(axis=1) for w in waves]
    spectrum, octaves = np.mean(spectra, axis=0), _octaves()
    near = [np.abs(octaves - np.log2(centre)) <= 1 / 6 for centre in CENTRES_HZ]
    return np.array([spectrum[band].mean() for band in near])


def equalised(wave: np.ndarray, target_levels: np.ndarray) -> np.ndarray:
    """Baseline `eq`: a wave (T,) filtered to the mean spectrum `target_levels` of `band_levels`."""
    gain_db = 20 * np.log10((target_levels + 1e-6) / (band_levels([wave]) + 1e-6))
    gain_db = np.clip(gain_db, -MAX_GAIN_DB, MAX_GAIN_DB)
    gain = 10 ** (np.interp(_octaves(), np.log2(CENTRES_HZ), gain_db) / 20)
    return _filtered(wave, gain, N_FFT)


def coloured_noise(log_mel: np.ndarray, n_samples: int, cfg: AudioConfig) -> np.ndarray:
    """Baseline `mean`: noise (T,) with a constant log-mel (M,): only the colour of a carol."""
    centres_hz = mel_edges_hz(cfg)[1:-1].numpy()
    frequency = np.arange(cfg.n_fft // 2 + 1) * cfg.sample_rate / cfg.n_fft
    gain = np.exp(np.interp(frequency, centres_hz, log_mel))
    noise = np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
    return metrics.set_level(_filtered(noise, gain, cfg.n_fft))


def _octaves() -> np.ndarray:
    """log2 of the bins' frequencies in Hz, (N_FFT / 2 + 1,)."""
    return np.log2(np.maximum(librosa.fft_frequencies(sr=metrics.SAMPLE_RATE, n_fft=N_FFT), 1))


def _filtered(wave: np.ndarray, gain: np.ndarray, n_fft: int) -> np.ndarray:
    """A wave (T,) with a gain for each STFT bin."""
    spectrum = librosa.stft(wave, n_fft=n_fft) * gain[:, None]
    return librosa.istft(spectrum, length=len(wave)).astype(np.float32)
