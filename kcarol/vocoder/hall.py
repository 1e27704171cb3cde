"""A hall of two ears, made of noise, for a dry carol.

Late sound is noise under exponential decays that are shorter in higher bands (J. A. Moorer, "About
This Reverberation Business", 1979), another noise for each way from a side of the stage to an ear.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import soxr
import torch
from torch import Tensor

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.progress import Progress, tracked, untold

DESIGN_RATE = 48_000  # Hz
RT60_S = 2.0  # of the bass, to -60 dB
DAMPED_HZ = 3_000.0  # where the decay takes half of that
LENGTH_S = 1.6  # of the response, which is faded out over its last eighth
BAND_HZ = 125.0  # the centre of the lowest octave; the hall has no bass below
LATE_FROM_S = 0.020
LATE_RISE_S = 0.030
EARLY = 0.2  # share of the energy
N_REFLECTIONS = 9  # for each way
EARLY_S = (0.009, 0.085)
ACROSS = 0.8  # amplitude of what comes from the other side of the stage
LEVEL_BAND_HZ = (250.0, 4_000.0)  # in which a hall without any dry sound is as loud as it
SEED = 12
FFT_SAMPLES = 1 << 18


@lru_cache(maxsize=4)
def hall_response(sample_rate: int) -> np.ndarray:
    """(2, 2, N) float32: from left and right of the stage to the left and the right ear."""
    rng = np.random.default_rng(SEED)
    n = round(LENGTH_S * DESIGN_RATE)
    late, early = _late(rng, n), _early(rng, n)
    response = np.sqrt(1 - EARLY) * late / _level(late) + np.sqrt(EARLY) * early / _level(early)
    response *= np.array([[1.0, ACROSS], [ACROSS, 1.0]])[:, :, None] / _level(response)
    response /= np.hypot(1.0, ACROSS)
    resampled = soxr.resample(response.reshape(4, n).T, DESIGN_RATE, sample_rate)
    resampled = resampled.T.reshape(2, 2, -1) * (DESIGN_RATE / sample_rate)
    resampled.flags.writeable = False  # shared by all callers
    return resampled.astype(np.float32)


def _late(rng: np.random.Generator, n: int) -> np.ndarray:
    """(2, 2, n): noise in octaves, each with a decay of its own."""
    noise = np.fft.rfft(rng.standard_normal((2, 2, n)))
    hz = np.fft.rfftfreq(n, 1 / DESIGN_RATE)
    octave = np.log2(np.maximum(hz, 1.0) / BAND_HZ)
    late, since_s = np.zeros((2, 2, n)), np.arange(n) / DESIGN_RATE - LATE_FROM_S
    for band in range(int(octave.max()) + 1):
        share = np.maximum(0, 1 - np.abs(octave - band))  # triangles that add to one
        decay_s = RT60_S / (1 + BAND_HZ * 2**band / DAMPED_HZ)
        late += np.fft.irfft(noise * share, n) * 10 ** (-3 * since_s / decay_s)
    return late * np.clip(since_s / LATE_RISE_S, 0, 1) * np.clip(8 - 8 * np.arange(n) / n, 0, 1)


def _early(rng: np.random.Generator, n: int) -> np.ndarray:
    """(2, 2, n): echoes, the later the softer."""
    early = np.zeros((2, 2, n))
    for side, ear in np.ndindex(2, 2):
        delay_s = np.exp(rng.uniform(*np.log(EARLY_S), N_REFLECTIONS))
        sign = rng.choice([-1.0, 1.0], N_REFLECTIONS)
        np.add.at(early[side, ear], (delay_s * DESIGN_RATE).astype(int), sign / delay_s)
    return early


def _level(response: np.ndarray) -> np.ndarray:
    """(..., N) -> (..., 1): root mean square gain in `LEVEL_BAND_HZ`."""
    hz = np.fft.rfftfreq(response.shape[-1], 1 / DESIGN_RATE)
    inside = (hz >= LEVEL_BAND_HZ[0]) & (hz < LEVEL_BAND_HZ[1])
    power = np.square(np.abs(np.fft.rfft(response)[..., inside]))
    return np.sqrt(power.mean(axis=-1, keepdims=True))


class Hall:
    """The share of a hall in what one hears, 0 (dry) to 1 (nothing but the hall)."""

    def __init__(self, share: float, sample_rate: int):
        """ValueError for another share."""
        if not 0 <= share <= 1:
            raise ValueError(f"expected a share of the hall of 0 to 1, found {share}")
        self.share = share
        self.sample_rate = sample_rate

    def add_(self, stereo: np.ndarray | DiskWave, progress: Progress = untold) -> None:
        """Puts stereo (2, T) into the hall, in place; what rings beyond T is cut.

        By overlap-add, a block at a time, so that memory does not grow with T.
        """
        if len(stereo.shape) != 2 or len(stereo) != 2:
            raise ValueError(f"expected stereo (2, T), found shape {stereo.shape}")
        if not self.share or not stereo.shape[1]:
            return
        response = torch.from_numpy(self.share * hall_response(self.sample_rate))
        response[[0, 1], [0, 1], 0] += 1 - self.share
        spectrum = torch.fft.rfft(response, FFT_SAMPLES)
        n_tail = response.shape[-1] - 1
        size, n_samples = FFT_SAMPLES - n_tail, stereo.shape[1]

        def convolve(start: int) -> Tensor:
            block = torch.from_numpy(stereo[..., start : start + size])
            left, right = torch.fft.rfft(block, FFT_SAMPLES)
            return torch.fft.irfft(left * spectrum[0] + right * spectrum[1], FFT_SAMPLES)

        starts = range(0, n_samples, size)
        tail = np.zeros((2, n_tail), np.float32)
        for start, sound in zip(
            tracked(starts, progress), parallel_map(convolve, starts), strict=True
        ):
            heard = sound.numpy()
            heard[:, :n_tail] += tail
            stereo[..., start : start + size] = heard[:, : min(size, n_samples - start)]
            tail = heard[:, size:]
