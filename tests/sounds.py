"""Sounds and distances that the vocoder's tests share."""

from __future__ import annotations

import math

import torch

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig

CFG = AudioConfig()
RATE = CFG.sample_rate


def tones(*hz: float, seconds: float = 2.0) -> torch.Tensor:
    """(T,) of equally loud sines."""
    # in float32 the phases would be noise
    t = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return sum(0.1 * torch.sin(2 * math.pi * f * t + f) for f in hz).float()


def noise(n_samples: int, seed: int = 0) -> torch.Tensor:
    """(T,) of white noise, rms 1."""
    return torch.randn(n_samples, generator=torch.Generator().manual_seed(seed))


def distance(wave: torch.Tensor, mel: torch.Tensor, bands: slice = slice(None)) -> float:
    """Mean absolute log-mel error, without the ends, where windows reach beyond the wave."""
    return float((LogMel(CFG)(wave) - mel)[8:-8, bands].abs().mean())


def assert_rumble_is_hushed(correct) -> None:
    """`correct` of wave and log-mel takes away what lies below all bands, and nothing else."""
    wave, rumble = tones(131.0, 196.0, 330.0), 3 * tones(5.0, 14.0, 22.0)
    made = correct(wave + rumble, LogMel(CFG)(wave))
    assert energy_between(made, 0, 30) < 1e-3 * energy_between(rumble, 0, 30)
    assert energy_between(made, 100, 400) > 0.8 * energy_between(wave, 100, 400)


def energy_between(wave: torch.Tensor, first_hz: int, stop_hz: int) -> float:
    spectrum = torch.fft.rfft(wave * torch.hann_window(len(wave)))
    per_hz = len(wave) // RATE
    return float(spectrum[per_hz * first_hz : per_hz * stop_hz].abs().square().sum())
