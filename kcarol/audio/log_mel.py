"""The log-mel spectrogram, output of the converter and input of the vocoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kcarol.audio.spectrum import bin_hz, flatten_batch, stft_blocks, triangles, unflatten_batch
from kcarol.config import AudioConfig


class LogMel(nn.Module):
    """Natural log of mel magnitudes: Hann STFT, centred, zero-padded, under `mel_filters`.

    The filters and the window are what an inverse needs.
    """

    window: Tensor  # (n_fft,)
    filters: Tensor  # (n_fft // 2 + 1, M)

    def __init__(self, cfg: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg or AudioConfig()
        self.register_buffer("window", torch.hann_window(self.cfg.n_fft), persistent=False)
        self.register_buffer("filters", mel_filters(self.cfg), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Wave (..., T) -> (..., F, M) float32, also under autocast, at least log(log_floor).

        F == 1 + T // hop_length. ValueError for an empty wave.
        """
        with torch.autocast(wave.device.type, enabled=False):
            blocks = [
                (spectrum.abs() @ self.filters).clamp_min(self.cfg.log_floor).log()
                for spectrum in stft_blocks(flatten_batch(wave), self.window, self.cfg.hop_length)
            ]
            return unflatten_batch(torch.cat(blocks, dim=1), wave)


def mel_filters(cfg: AudioConfig) -> Tensor:
    """(n_fft // 2 + 1, M) triangles of area 1 over `mel_edges_hz`: a band is a mean magnitude."""
    hz = mel_edges_hz(cfg)
    filters = triangles(hz[:-2], hz[1:-1], hz[2:], bin_hz(cfg.n_fft, cfg.sample_rate))
    return (filters * 2 / (hz[2:] - hz[:-2])).float()


def mel_edges_hz(cfg: AudioConfig) -> Tensor:
    """(M + 2,) float64: band i spans edges i to i + 2; linear below, geometric above.

    The linear part is finer than Slaney's mel scale, 23 Hz a band with these numbers, in which two
    semitones below 400 Hz share a band, so that chords are lost in the log-mel (data/README.md).
    """
    n = cfg.n_linear_bands
    step = cfg.sample_rate / cfg.n_fft
    linear = step * (round(cfg.f_min_hz / step) + torch.arange(n + 1, dtype=torch.float64))
    ratio = (cfg.f_max_hz / linear[-1]) ** (1 / (cfg.n_mels + 1 - n))
    exponents = torch.arange(1, cfg.n_mels + 2 - n, dtype=torch.float64)
    return torch.cat([linear, linear[-1] * ratio**exponents])
