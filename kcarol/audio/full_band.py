"""The log-mel of middle and side to 20 kHz: output of the playing half, input of the full band."""

from __future__ import annotations

import math

import numpy as np
import soxr
import torch
from torch import Tensor, nn

from kcarol.audio.log_mel import LogMel, mel_edges_hz
from kcarol.audio.spectrum import bin_hz, power, stft_blocks
from kcarol.config import AudioConfig

RESAMPLING = "VHQ"  # soxr's, flat to .91 of the lower half rate and without delay


class FullBandMel(nn.Module):
    """Stereo at the full rate -> natural-log bands of the middle (L + R) / 2 and side (L - R) / 2.

    The first `n_mels` bands are the `LogMel` of the channel at `sample_rate`, the last
    `n_treble_bands` root mean squares of short spectra above it. White noise has the same level in
    all bands but for `LogMel`'s taking means of magnitudes, 1 dB less.
    """

    treble_window: Tensor  # (treble_n_fft,)
    treble_filters: Tensor  # (treble_n_fft // 2 + 1, n_treble_bands)

    def __init__(self, cfg: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg or AudioConfig()
        self.log_mel = LogMel(self.cfg)
        window = torch.hann_window(self.cfg.treble_n_fft) * treble_scale(self.cfg)
        self.register_buffer("treble_window", window, persistent=False)
        self.register_buffer("treble_filters", treble_filters(self.cfg), persistent=False)

    @torch.no_grad()
    def forward(self, stereo: Tensor | np.ndarray) -> Tensor:
        """(2, T) -> (F, 2, n_bands) float32, middle then side, at least log(log_floor).

        F == 1 + T // full_hop. ValueError for another shape, or fewer samples than one at
        `sample_rate`.
        """
        stereo = torch.as_tensor(stereo, dtype=torch.float32)
        if stereo.dim() != 2 or len(stereo) != 2 or stereo.shape[1] < self.cfg.full_factor:
            raise ValueError(
                f"expected stereo (2, T) with T >= {self.cfg.full_factor} samples, "
                f"found shape {tuple(stereo.shape)}"
            )
        channels = middle_and_side(stereo).to(self.treble_window.device)
        bands = torch.cat([self.log_mel(self._at_sample_rate(channels)), self._treble(channels)], 2)
        return bands.transpose(0, 1)

    def _at_sample_rate(self, channels: Tensor) -> Tensor:
        """(2, T) -> (2, T // full_factor)."""
        low = soxr.resample(
            channels.T.cpu().numpy(), self.cfg.full_rate, self.cfg.sample_rate, RESAMPLING
        )
        n_samples = channels.shape[1] // self.cfg.full_factor
        return torch.from_numpy(low[:n_samples].T.copy()).to(channels.device)

    def _treble(self, channels: Tensor) -> Tensor:
        """(2, T) -> (2, F, n_treble_bands)."""
        floor = self.cfg.log_floor**2
        blocks = [
            (power(spectrum) @ self.treble_filters).clamp_min(floor).log() / 2
            for spectrum in stft_blocks(channels, self.treble_window, self.cfg.full_hop)
        ]
        return torch.cat(blocks, dim=1)


def middle_and_side(stereo: Tensor) -> Tensor:
    """(2, ...) left and right -> middle and side; twice the inverse of itself."""
    left, right = stereo
    return torch.stack([left + right, left - right]) / 2


def treble_edges_hz(cfg: AudioConfig) -> Tensor:
    """(n_treble_bands + 1,) float64, geometric: band i spans edges i to i + 1."""
    steps = torch.arange(cfg.n_treble_bands + 1, dtype=torch.float64) / cfg.n_treble_bands
    return cfg.f_max_hz * (cfg.treble_max_hz / cfg.f_max_hz) ** steps


def band_edges_hz(cfg: AudioConfig) -> Tensor:
    """(2, n_bands) float64: where each band of the middle or the side begins and ends."""
    mel, treble = mel_edges_hz(cfg), treble_edges_hz(cfg)
    return torch.stack([torch.cat([mel[:-2], treble[:-1]]), torch.cat([mel[2:], treble[1:]])])


def treble_filters(cfg: AudioConfig) -> Tensor:
    """(treble_n_fft // 2 + 1, n_treble_bands): each column is the mean over its band's bins."""
    hz, edges = bin_hz(cfg.treble_n_fft, cfg.full_rate)[:, None], treble_edges_hz(cfg)
    inside = ((hz >= edges[:-1]) & (hz < edges[1:])).float()
    return inside / inside.sum(0)


def treble_scale(cfg: AudioConfig) -> float:
    """Gain of a treble magnitude at which noise crosses 8 kHz without a step.

    A Hann STFT's magnitudes grow with the root of rate times window, and `mel_filters` sum to one
    over the bins' distance in Hz.
    """
    low, full = cfg.sample_rate * cfg.n_fft, cfg.full_rate * cfg.treble_n_fft
    return math.sqrt(low / full) * cfg.n_fft / cfg.sample_rate
