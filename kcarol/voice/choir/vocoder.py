"""Sound from frames of WORLD: pulses of the voice's spectrum at another pitch, and its noise.

WORLD's own synthesis makes one pulse after the other, holding Python's lock, half as fast as this:
here the pulses of a piece are computed together, in one thread of several.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.voice.choir.frames import HOP, N_FFT, SAMPLE_RATE, aperiodicity_of, power_of

SILENT = 1e-7  # an amplitude as good as none
LEAST_POWER = 1e-20
BATCH = 512  # pulses, or frames of noise, computed together
NOISE_SAMPLES = 4 * HOP  # under one Hann window
BEFORE = N_FFT // 2  # samples of `wave` before the first frame, into which its noise reaches


def resynthesised(
    values: np.ndarray,
    f0_hz: np.ndarray,
    amplitude: np.ndarray,
    tract: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """(F, N_VALUES) at pitches f0_hz (F,), 0: none, and root mean squares (F,) -> (F * HOP,).

    tract: as of `power_of`. rng: of the noise.
    """
    power = torch.from_numpy(power_of(values, tract))
    power *= (torch.from_numpy(amplitude).float() ** 2 / power.mean(1))[:, None]
    noisy = torch.from_numpy(aperiodicity_of(values)) ** 2
    noisy[torch.from_numpy(f0_hz == 0)] = 1.0
    sounds = amplitude > SILENT
    wave = torch.zeros(BEFORE + len(power) * HOP + N_FFT)
    _add_pulses_(wave, power * (1 - noisy), np.where(sounds, f0_hz, 0.0))
    _add_noise_(wave, power * noisy, np.flatnonzero(sounds), rng)
    return wave[BEFORE:][: len(power) * HOP].numpy()


def _add_pulses_(wave: Tensor, power: Tensor, f0_hz: np.ndarray) -> None:
    """Add what pulses of power (F, bins) sound like, from frames with a pitch, to `wave`."""
    hz = np.repeat(f0_hz, HOP)
    cycles = np.cumsum(hz / SAMPLE_RATE)
    places = np.flatnonzero(np.diff(np.floor(cycles), append=np.floor(cycles[-1])) > 0)
    if not len(places):
        return
    hz = hz[places + 1]
    until = 1 - (cycles[places + 1] % 1) * SAMPLE_RATE / hz  # a pulse lies between two samples
    frames, numbers = np.unique(places // HOP, return_inverse=True)
    responses = minimum_phase(power[frames])
    bins = torch.arange(1 + N_FFT // 2) * (2 * math.pi / N_FFT)
    for start in range(0, len(places), BATCH):
        some = slice(start, start + BATCH)
        angles = torch.from_numpy(-until[some]).float()[:, None] * bins
        size = torch.from_numpy(np.sqrt(SAMPLE_RATE / hz[some])).float()[:, None]
        spectra = responses[numbers[some]] * torch.polar(size.expand_as(angles), angles)
        _overlap_add_(wave, torch.fft.irfft(spectra, N_FFT), BEFORE + places[some])


def minimum_phase(power: Tensor) -> Tensor:
    """(N, bins) -> complex (N, bins) whose sound begins at once, by the folded cepstrum
    (A. V. Oppenheim and R. W. Schafer, "Discrete-time signal processing", chapter 13).
    """
    cepstrum = torch.fft.irfft(power.clamp(min=LEAST_POWER).log() / 2, N_FFT)
    cepstrum[:, 1 : N_FFT // 2] *= 2
    cepstrum[:, N_FFT // 2 + 1 :] = 0
    return torch.exp(torch.fft.rfft(cepstrum, N_FFT))


def _add_noise_(wave: Tensor, power: Tensor, frames: np.ndarray, rng: np.random.Generator) -> None:
    """Add noise of power (F, bins) around the frames with these numbers to `wave`."""
    window = torch.hann_window(NOISE_SAMPLES) / math.sqrt(1.5)  # overlapping powers add up to 1
    window = functional.pad(window, 2 * [(N_FFT - NOISE_SAMPLES) // 2])
    for start in range(0, len(frames), BATCH):
        some = frames[start : start + BATCH]
        white = torch.from_numpy(rng.standard_normal((len(some), N_FFT), dtype=np.float32))
        spectra = torch.fft.rfft(white * window, N_FFT) * power[some].sqrt()
        _overlap_add_(wave, torch.fft.irfft(spectra, N_FFT), some * HOP)


def _overlap_add_(wave: Tensor, sounds: Tensor, places: np.ndarray) -> None:
    """Add sounds (N, n) that begin at N samples to `wave`."""
    samples = torch.from_numpy(places)[:, None] + torch.arange(sounds.shape[1])
    wave.index_add_(0, samples.flatten(), sounds.flatten())
