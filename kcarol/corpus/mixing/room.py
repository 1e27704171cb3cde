"""Rooms and echoes.

A room is noise under exponential decays (J. A. Moorer, "About This Reverberation Business", 1979)
that are shorter in higher bands.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft, signal

from kcarol.corpus.mixing.dynamics import compress
from kcarol.corpus.mixing.levels import SMALLEST, active_rms, db_to_gain, peak_of

LOWEST_BAND_HZ = 125.0
EARLY = 0.15  # share of a room's energy in early reflections
N_REFLECTIONS = 10


@lru_cache(maxsize=16)
def impulse_response(
    sample_rate: int, rt60_s: float, damping: float = 0.5, seed: int = 0, n_channels: int = 2
) -> np.ndarray:
    """Room response (C, N), unit energy per channel, the same for the same arguments.

    Noise in octave bands, each decaying by 60 dB in ``rt60_s / (1 + damping * f / 2 kHz)``, after
    10 ms, plus ten early reflections. Read-only.
    """
    rng = np.random.default_rng(seed)
    n = fft.next_fast_len(int(rt60_s * sample_rate) + sample_rate // 50, real=True)
    spectrum = fft.rfft(rng.standard_normal((n_channels, n), dtype=np.float32))
    n_bands = max(2, int(np.ceil(np.log2(sample_rate / 2 / LOWEST_BAND_HZ))) + 1)
    octave = np.log2(np.maximum(fft.rfftfreq(n, 1 / sample_rate), 1.0) / LOWEST_BAND_HZ)
    octave = np.clip(octave, 0, n_bands - 1)
    time_s = np.arange(n) / sample_rate
    late = np.zeros((n_channels, n), np.float32)
    for band in range(n_bands):
        share = np.maximum(0, 1 - np.abs(octave - band)).astype(np.float32)  # triangles add to 1
        decay_s = rt60_s / (1 + damping * LOWEST_BAND_HZ * 2**band / 2000)
        decay = (10 ** (-3 * time_s / decay_s)).astype(np.float32)
        late += fft.irfft(spectrum * share, n=n) * decay
    late = np.pad(late, ((0, 0), (sample_rate // 100, 0)))[:, :n]
    early = _early_reflections(rng, sample_rate, n_channels, n)
    response = np.sqrt(1 - EARLY) * late / _amplitude(late) + np.sqrt(EARLY) * early
    response = (response / _amplitude(response)).astype(np.float32)
    response.flags.writeable = False  # shared by all callers
    return response


def _early_reflections(
    rng: np.random.Generator, sample_rate: int, n_channels: int, n: int
) -> np.ndarray:
    """(C, N), unit energy: echoes between 5 and 70 ms, the later the softer."""
    reflections = np.zeros((n_channels, n))
    for channel in reflections:
        delay_s = np.sort(rng.uniform(0.005, 0.07, N_REFLECTIONS))
        at = np.minimum((delay_s * sample_rate).astype(int), n - 1)
        channel[at] += rng.choice([-1.0, 1.0], N_REFLECTIONS) * 0.005 / delay_s
    return reflections / _amplitude(reflections)


def _amplitude(channels: np.ndarray) -> np.ndarray:
    """Square root of each channel's energy, (C, 1)."""
    return np.sqrt(np.square(channels).sum(axis=1, keepdims=True))


def reverb(
    wave: np.ndarray,
    sample_rate: int,
    rt60_s: float,
    wet: float,
    seed: int = 0,
    damping: float = 0.5,
) -> np.ndarray:
    """(T,) or (C, T) in a room, same shape: ``(1 - wet) * dry + wet * room``, equally loud.

    The tail beyond T is cut. Raises ValueError unless 0 <= wet <= 1 and rt60_s > 0.
    """
    if not 0 <= wet <= 1 or rt60_s <= 0:
        raise ValueError(
            f"expected wet in 0..1 and rt60_s > 0, found {wet} and {rt60_s}: change the arguments"
        )
    if wet == 0 or wave.shape[-1] == 0:
        return wave.astype(np.float32)
    channels = np.atleast_2d(wave).astype(np.float32, copy=False)
    response = impulse_response(
        sample_rate, float(rt60_s), float(damping), int(seed), len(channels)
    )
    room = signal.oaconvolve(channels, response, axes=1)[:, : channels.shape[1]]
    return ((1 - wet) * channels + wet * room).astype(np.float32).reshape(wave.shape)


def echo(
    wave: np.ndarray, sample_rate: int, delay_s: float, feedback: float, repeats: int = 3
) -> np.ndarray:
    """(..., T) plus `repeats` echoes, each `delay_s` later and `feedback` times as loud."""
    out = wave.astype(np.float32)
    for k in range(1, repeats + 1):
        shift = int(k * delay_s * sample_rate)
        if 0 < shift < wave.shape[-1]:
            out[..., shift:] += np.float32(feedback**k) * wave[..., :-shift]
    return out


def room_microphones(
    drums: np.ndarray, sample_rate: int, rt60_s: float, level_db: float, ratio: float, seed: int
) -> np.ndarray:
    """(T,) or (2, T) drums plus their heavily compressed room, `level_db` louder than the drums."""
    room = reverb(drums, sample_rate, rt60_s, 1.0, seed, damping=0.4)
    room = room / np.float32(max(peak_of(room), SMALLEST))
    room = compress(room, sample_rate, -30.0, ratio, 0.002, 0.12)
    relative = active_rms(drums, sample_rate) / max(active_rms(room, sample_rate), SMALLEST)
    return drums + room * np.float32(db_to_gain(level_db) * relative)
