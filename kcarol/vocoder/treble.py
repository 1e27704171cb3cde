"""Sound above 8 kHz: noise with the levels of the treble bands."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from kcarol.audio.full_band import treble_edges_hz, treble_scale
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import bin_hz
from kcarol.config import AudioConfig

N_SPECTRA = 4_001  # of noise, after which it repeats: 32 s
FRAMES_APART = 1_777  # between the channels in the same noise
BLOCK_FRAMES = 1_024  # made at once: 3 MB


class TrebleNoise(nn.Module):
    """Noise between `f_max_hz` and `treble_max_hz`, in frames of 16 ms every 8 ms.

    Levels in between are interpolated in dB, so that decays stay exponential and strokes sharp.
    """

    noise: Tensor  # (N_SPECTRA, bins) complex
    to_bins: Tensor  # (n_treble_bands, bins)
    window: Tensor  # (n_fft,)

    def __init__(self, audio: AudioConfig, seed: int = 0):
        super().__init__()
        self.hop = audio.full_hop // 2
        self.n_fft = audio.full_hop
        hz, edges = bin_hz(self.n_fft, audio.full_rate), treble_edges_hz(audio)
        inside = (hz >= edges[0]) & (hz < edges[-1])
        self.first_bin = int(inside.nonzero().min())
        to_bins = _interpolation((edges[1:] * edges[:-1]).sqrt(), hz[inside])
        angles = torch.rand(
            N_SPECTRA, to_bins.shape[1], generator=torch.Generator().manual_seed(seed)
        )
        # the mean square of a Hann window is 3/8
        gain = math.sqrt(self.n_fft / (3 / 8 * audio.treble_n_fft)) / treble_scale(audio)
        noise = torch.polar(torch.full_like(angles, gain), 2 * math.pi * angles)
        self.register_buffer("noise", noise, persistent=False)
        self.register_buffer("to_bins", to_bins, persistent=False)
        # the squares of windows half their length apart add to one
        window = torch.hann_window(self.n_fft).sqrt()
        self.register_buffer("window", window, persistent=False)

    @torch.inference_mode()
    def add_(self, waves: Tensor, levels: Tensor, first_frame: int = 0) -> Tensor:
        """Adds noise of the levels (F, C, n_treble_bands), in nats, to waves (C, T), in place.

        `first_frame`: where in a song the waves begin; the same frame has the same noise.
        """
        with torch.autocast(waves.device.type, enabled=False):
            blocks = [
                (channel, start)
                for channel in range(len(waves))
                for start in range(0, waves.shape[1], BLOCK_FRAMES * self.hop)
            ]

            def add_block(block: tuple[int, int]) -> None:
                channel, start = block
                out = waves[channel, start : start + BLOCK_FRAMES * self.hop]
                place = 2 * first_frame + channel * FRAMES_APART
                made = self._made(levels[:, channel], start // self.hop, len(out), place)
                out += made[: len(out)]

            for _ in parallel_map(add_block, blocks, waves.device):
                pass
        return waves

    def _made(self, levels: Tensor, first: int, n_samples: int, place: int) -> Tensor:
        """Noise from the half frame `first` on; `place`: of half frame 0 in the noise."""
        halves = torch.arange(first, first + math.ceil(n_samples / self.hop) + 1)
        before = levels[(halves // 2).clamp_max(len(levels) - 1)]
        after = levels[((halves + 1) // 2).clamp_max(len(levels) - 1)]
        magnitude = ((before + after) / 2 @ self.to_bins).exp_()
        spectrum = self.noise[(place + halves) % N_SPECTRA] * magnitude
        n_above = self.n_fft // 2 + 1 - self.first_bin - spectrum.shape[1]
        spectrum = functional.pad(spectrum, (self.first_bin, n_above))
        frames = torch.fft.irfft(spectrum, self.n_fft).mul_(self.window)
        return (frames[:-1, self.hop :] + frames[1:, : self.hop]).flatten()


def _interpolation(centres: Tensor, hz: Tensor) -> Tensor:
    """(K, n): weights of K bands in n bins, linear in Hz between the centres of the bands."""
    upper = torch.searchsorted(centres, hz).clamp(1, len(centres) - 1)
    share = ((hz - centres[upper - 1]) / (centres[upper] - centres[upper - 1])).clamp(0, 1)
    bins = torch.arange(len(hz))
    weights = torch.zeros(len(centres), len(hz), dtype=hz.dtype)
    weights[upper - 1, bins] = 1 - share
    weights[upper, bins] = share
    return weights.float()
