"""Sound above 8 kHz, by spectral band replication: what sounds below it, moved up.

As in Dietz, Liljeryd, Kjörling and Kunz, "Spectral band replication, a novel approach in audio
coding" (AES 2002). Bells keep ringing and hiss stays hiss, where noise alone would hiss.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from kcarol.audio.full_band import treble_edges_hz, treble_scale
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import bin_hz, power
from kcarol.config import AudioConfig

NOISE = 0.15  # share of the power; the rest is moved up
LEAST_POWER = 1e-10  # of a bin that is moved up: where there is less, there is noise alone
N_SPECTRA = 4_001  # of noise, after which it repeats: 32 s
FRAMES_APART = 1_777  # between the channels in the same noise
BLOCK_FRAMES = 1_024  # made at once: 3 MB a tensor


class Treble(nn.Module):
    """Sound between `f_max_hz` and `treble_max_hz`, in frames of 16 ms every 8 ms.

    The upper half of the low band's spectrum is repeated as often as needed and scaled to the
    levels of the treble bands. Levels in between are interpolated in dB, so that decays stay
    exponential and strokes sharp.
    """

    noise: Tensor  # (N_SPECTRA, bins) complex
    in_band: Tensor  # (bins, n_treble_bands), 1 inside the band
    window: Tensor  # (n_fft,)
    low_window: Tensor  # (n_fft // full_factor,)

    def __init__(self, audio: AudioConfig, seed: int = 0):
        super().__init__()
        self.low_hop, self.hop = audio.hop_length // 2, audio.full_hop // 2
        self.n_fft = 2 * self.hop
        hz, edges = bin_hz(self.n_fft, audio.full_rate)[:, None], treble_edges_hz(audio)
        in_band = ((hz >= edges[:-1]) & (hz < edges[1:])).float()
        inside = in_band.any(1)
        self.first_bin = int(inside.nonzero().min())
        self.n_bins = int(inside.sum())
        # a Hann window's mean square is 3/8, and the squares of its roots, half overlapping, add
        # to one
        self.log_gain = math.log(
            math.sqrt(self.n_fft / (3 / 8 * audio.treble_n_fft)) / treble_scale(audio)
        )
        generator = torch.Generator().manual_seed(seed)
        angles = 2 * math.pi * torch.rand(N_SPECTRA, self.n_bins, generator=generator)
        noise = torch.polar(torch.ones_like(angles), angles)
        self.register_buffer("noise", noise, persistent=False)
        self.register_buffer("in_band", in_band[inside], persistent=False)
        for name, length in (("window", self.n_fft), ("low_window", 2 * self.low_hop)):
            self.register_buffer(name, torch.hann_window(length).sqrt(), persistent=False)

    @torch.inference_mode()
    def add_(self, waves: Tensor, low: Tensor, levels: Tensor, first_frame: int = 0) -> Tensor:
        """Adds the treble of the levels (F, C, n_treble_bands), in nats, to (C, T), in place.

        `low` (C, t): the same waves at `sample_rate`. `first_frame`: where in a song the waves
        begin; the same frame has the same noise.
        """
        blocks = [
            (channel, start)
            for channel in range(len(waves))
            for start in range(0, waves.shape[1], BLOCK_FRAMES * self.hop)
        ]

        def add_block(block: tuple[int, int]) -> None:
            channel, start = block
            out = waves[channel, start : start + BLOCK_FRAMES * self.hop]
            n_halves = math.ceil(len(out) / self.hop) + 1
            halves = start // self.hop + torch.arange(n_halves, device=out.device)
            place = 2 * first_frame + channel * FRAMES_APART
            source = self._source(low[channel], halves, place)
            out += self._made(source, levels[:, channel], halves)[: len(out)]

        with torch.autocast(waves.device.type, enabled=False):
            for _ in parallel_map(add_block, blocks, waves.device):
                pass
        return waves

    def _source(self, low: Tensor, halves: Tensor, place: int) -> Tensor:
        """Spectra (f, bins) around the given half frames, of mean square one in each band."""
        start = (int(halves[0]) - 1) * self.low_hop
        stop = (int(halves[-1]) + 1) * self.low_hop
        part = low[max(0, start) : stop]
        part = functional.pad(part, (max(0, -start), stop - max(0, start) - len(part)))
        frames = part.unfold(0, 2 * self.low_hop, self.low_hop) * self.low_window
        n_moved = self.low_hop // 2  # a shift by whole hops' turns leaves phases consistent
        bins = n_moved + torch.arange(self.n_bins, device=low.device) % n_moved
        moved = torch.fft.rfft(frames)[:, bins]
        mean_power = power(moved) @ (self.in_band / self.in_band.sum(0))
        gain = (1 - NOISE) / (mean_power + LEAST_POWER)
        # what is moved has been under a window already, which takes half of its power
        moved_gain, noise_gain = (gain / 2).sqrt(), (1 - gain * mean_power).sqrt()
        noise = self.noise[(place + halves) % N_SPECTRA]
        return moved * (moved_gain @ self.in_band.T) + noise * (noise_gain @ self.in_band.T)

    def _made(self, source: Tensor, levels: Tensor, halves: Tensor) -> Tensor:
        """Sources (f, bins) at the levels (F, n_treble_bands) of half frames -> (f * hop,)."""
        before = levels[(halves // 2).clamp_max(len(levels) - 1)]
        after = levels[((halves + 1) // 2).clamp_max(len(levels) - 1)]
        magnitude = ((before + after) / 2 + self.log_gain).exp() @ self.in_band.T
        n_above = self.n_fft // 2 + 1 - self.first_bin - self.n_bins
        spectrum = functional.pad(source * magnitude, (self.first_bin, n_above))
        frames = torch.fft.irfft(spectrum, self.n_fft) * self.window
        return (frames[:-1, self.hop :] + frames[1:, : self.hop]).flatten()
