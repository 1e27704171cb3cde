"""Corrects a wave towards its log-mel in all bands."""

from __future__ import annotations

import torch
from torch import Tensor

from kcarol.audio.log_mel import mel_filters
from kcarol.audio.spectrum import BandedProduct
from kcarol.config import AudioConfig
from kcarol.vocoder.refinement.phase_refinement import MAX_NATS, RUMBLE, PhaseRefinement, power


class MelCorrection(PhaseRefinement):
    """Passes that scale each bin by the log-mel error of the bands around it."""

    def __init__(self, audio: AudioConfig, passes: int, momentum: float, step: float):
        """`step`: share of the log-mel error that a pass corrects."""
        super().__init__(audio.n_fft, audio.hop_length, passes, momentum)
        self.log_floor = audio.log_floor
        self.step = step
        filters = mel_filters(audio)  # (N/2 + 1, M)
        n_bins, n_bands = filters.shape
        weight = filters.sum(1, keepdim=True)
        shares = filters / weight.clamp_min(1e-8) * (weight > 1e-7)
        self.to_bands = BandedProduct(filters, (n_bands // 2, 3 * n_bands // 4, 7 * n_bands // 8))
        self.to_bins = BandedProduct(shares.T, (n_bins // 4, n_bins // 2))
        self.first = int(filters[:, 0].argmax())  # the bins below are in no band
        self.lowest_weight = float(filters[self.first, 0])

    @torch.inference_mode()
    def forward(self, wave: Tensor, log_mel: Tensor) -> Tensor:
        """Wave (B, T) and log-mel (B, F, M), F at least 1 + T // hop -> corrected wave (B, T)."""
        target = log_mel[:, : 1 + wave.shape[-1] // self.hop].to(wave.device)
        # in bfloat16 a logarithm is off by a quarter of a decibel
        with torch.autocast(wave.device.type, enabled=False):
            return torch.stack([self.refine(*pair) for pair in zip(wave, target, strict=True)])

    def scale_(self, spectrum: Tensor, target: Tensor) -> Tensor:
        mel = self.to_bands(power(spectrum).sqrt_()).clamp_min_(self.log_floor).log_()
        gain_nats = torch.sub(target, mel).mul_(self.step).clamp_(-MAX_NATS, MAX_NATS)
        self._limit_rumble_(spectrum[:, : self.first], target)
        return spectrum.mul_(self.to_bins(gain_nats).exp_())

    def _limit_rumble_(self, below: Tensor, target: Tensor) -> None:
        """Keeps the bins below all bands under RUMBLE times the lowest band's magnitude."""
        limit = target[:, :1].exp() * (RUMBLE / self.lowest_weight)
        magnitude = power(below).clamp_min_(self.log_floor**2)
        below.mul_(magnitude.rsqrt_().mul_(limit).clamp_max_(1))
