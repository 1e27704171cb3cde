"""A voice in frames of WORLD: spectral envelope, aperiodicity and pitch.

Envelopes are kept at points that lie evenly on the mel scale, a quarter of what WORLD gives. One
matrix takes them back to WORLD's bins, with the formants moved on the way.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from kcarol.synthesis.world import world

SAMPLE_RATE = 24_000  # Hz: sibilants reach to 12 kHz
FRAME_S = 0.005
HOP = round(FRAME_S * SAMPLE_RATE)
N_FFT = 1024
N_POINTS = 128  # of an envelope
N_NOISE = 5  # of an aperiodicity, every 3 kHz: WORLD itself measures no more
NOISE_STEP = 4  # frames from one measured aperiodicity to the next: it takes most of the time
N_VALUES = N_POINTS + N_NOISE  # of a stored frame
LOWEST_HZ, HIGHEST_HZ = 70.0, 1000.0  # of a singer's pitch
HISS = 1e-5  # digital silence has no envelope

BIN_HZ = tuple(np.linspace(0, SAMPLE_RATE / 2, 1 + N_FFT // 2).tolist())
MEL_HZ = tuple((700 * np.expm1(np.linspace(0, np.log1p(SAMPLE_RATE / 1400), N_POINTS))).tolist())
NOISE_HZ = tuple(np.linspace(0, SAMPLE_RATE / 2, N_NOISE).tolist())


@dataclass(frozen=True)
class Frames:
    """F frames of a voice."""

    values: np.ndarray  # (F, N_VALUES) float32: log power at mel points, aperiodicity in dB
    f0_hz: np.ndarray  # (F,), 0 where there is no pitch

    def __getitem__(self, span: slice) -> Frames:
        return Frames(self.values[span], self.f0_hz[span])


def analyse(wave: np.ndarray) -> Frames:
    """(T,) at SAMPLE_RATE -> 1 + T // HOP frames. RenderError without WORLD."""
    pyworld = world()
    noise = np.random.default_rng(0).standard_normal(len(wave))
    wave = wave.astype(np.float64) + HISS * noise
    f0_hz, times_s = pyworld.dio(
        wave, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ, frame_period=1000 * FRAME_S
    )
    f0_hz = pyworld.stonemask(wave, f0_hz, times_s, SAMPLE_RATE)
    power = pyworld.cheaptrick(wave, f0_hz, times_s, SAMPLE_RATE, fft_size=N_FFT)
    envelope = np.log(power) @ _interpolation(MEL_HZ, BIN_HZ).T
    measured = slice(None, None, NOISE_STEP)
    aperiodicity = pyworld.d4c(
        wave, f0_hz[measured].copy(), times_s[measured].copy(), SAMPLE_RATE, fft_size=N_FFT
    )
    noise_db = 20 * np.log10(aperiodicity) @ _interpolation(NOISE_HZ, BIN_HZ).T
    held = np.repeat(noise_db[_last_true(f0_hz[measured] > 0)], NOISE_STEP, axis=0)
    values = np.concatenate([envelope, held[: len(envelope)]], axis=1)
    return Frames(values.astype(np.float32), f0_hz)


def _last_true(given: np.ndarray) -> np.ndarray:
    """(F,) of the last place that is true up to each; before the first, that one."""
    places = np.where(given, np.arange(len(given)), -1)
    return np.maximum(np.maximum.accumulate(places), max(0, int(given.argmax())))


def power_of(values: np.ndarray, tract: float = 1.0) -> np.ndarray:
    """(F, N_VALUES) -> (F, bins) spectral power, each formant `tract` times as high."""
    at = tuple(hz / tract for hz in BIN_HZ)
    log_power = values[:, :N_POINTS] @ _interpolation(at, MEL_HZ).T
    return np.exp(log_power)


def aperiodicity_of(values: np.ndarray) -> np.ndarray:
    """(F, N_VALUES) -> (F, bins), 0 to 1: the share of the amplitude that is noise."""
    noise_db = values[:, N_POINTS:] @ _interpolation(BIN_HZ, NOISE_HZ).T
    return np.clip(10 ** (noise_db / 20), 0, 1)


@functools.cache
def _interpolation(at: tuple[float, ...], places: tuple[float, ...]) -> np.ndarray:
    """(len(at), len(places)): takes values at `places`, rising, to values at `at`."""
    columns = [np.interp(at, places, unit) for unit in np.eye(len(places))]
    return np.stack(columns, axis=1).astype(np.float32)
