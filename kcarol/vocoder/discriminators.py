"""Discriminators of real and generated waves, and their hinge losses: for training the vocoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)  # samples, primes: HiFi-GAN
RESOLUTIONS = (512, 1024, 2048)  # samples of the STFTs; the hop is a quarter
SLOPE = 0.1  # of the leaky ReLUs

Activations = list[Tensor]  # of each layer, the judgement last


def stft(wave: Tensor, n_fft: int) -> Tensor:
    """(B, T) -> complex (B, N/2 + 1, F), float32 under autocast, too: Hann, hop a quarter."""
    with torch.autocast(wave.device.type, enabled=False):
        window = torch.hann_window(n_fft, device=wave.device)
        return torch.stft(
            wave.float(),
            n_fft,
            n_fft // 4,
            window=window,
            pad_mode="constant",
            normalized=True,
            return_complex=True,
        )


class PeriodDiscriminator(nn.Module):
    """Judges every p-th sample (HiFi-GAN, arXiv 2010.05646, with fewer channels)."""

    def __init__(self, period: int, channels: int):
        super().__init__()
        self.period = period
        widths = [1, channels, 2 * channels, 4 * channels, 4 * channels]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(n_in, n_out, (5, 1), (3, 1), (2, 0)))
            for n_in, n_out in zip(widths[:-1], widths[1:], strict=True)
        )
        self.judge = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, wave: Tensor) -> Activations:
        wave = F.pad(wave, (0, -wave.shape[-1] % self.period))
        return _activations(wave.reshape(len(wave), 1, -1, self.period), self.layers, self.judge)


class ResolutionDiscriminator(nn.Module):
    """Judges the complex STFT (UnivNet, arXiv 2106.07889; complex input as in Vocos)."""

    def __init__(self, n_fft: int, channels: int):
        super().__init__()
        self.n_fft = n_fft
        self.layers = nn.ModuleList(
            [
                self._conv(2, channels, (3, 9), (1, 1)),
                self._conv(channels, channels, (3, 9), (1, 2)),
                self._conv(channels, channels, (3, 9), (1, 2)),
                self._conv(channels, channels, (3, 9), (1, 2)),
                self._conv(channels, channels, (3, 3), (1, 1)),
            ]
        )
        self.judge = self._conv(channels, 1, (3, 3), (1, 1))

    @staticmethod
    def _conv(n_in: int, n_out: int, kernel: tuple[int, int], stride: tuple[int, int]) -> nn.Module:
        padding = (kernel[0] // 2, kernel[1] // 2)
        return weight_norm(nn.Conv2d(n_in, n_out, kernel, stride, padding))

    def forward(self, wave: Tensor) -> Activations:
        spectrum = torch.view_as_real(stft(wave, self.n_fft))
        # (B, real and imaginary, F, N/2 + 1)
        return _activations(spectrum.permute(0, 3, 2, 1), self.layers, self.judge)


def _activations(x: Tensor, layers: nn.ModuleList, judge: nn.Module) -> Activations:
    activations = []
    for layer in layers:
        x = F.leaky_relu(layer(x), SLOPE)
        activations.append(x)
    return [*activations, judge(x)]


class Discriminators(nn.Module):
    """One discriminator for each period and each resolution."""

    def __init__(
        self,
        channels: int = 32,
        periods: Sequence[int] = PERIODS,
        resolutions: Sequence[int] = RESOLUTIONS,
    ):
        super().__init__()
        self.views = nn.ModuleList(
            [
                *(PeriodDiscriminator(period, channels) for period in periods),
                *(ResolutionDiscriminator(n_fft, channels) for n_fft in resolutions),
            ]
        )

    def forward(self, wave: Tensor) -> list[Activations]:
        """(B, T) -> activations of each discriminator."""
        return [view(wave) for view in self.views]


def discriminator_loss(real: list[Activations], generated: list[Activations]) -> Tensor:
    """Hinge: real above 1, generated below -1; mean over discriminators."""
    losses = [
        F.relu(1 - r[-1]).mean() + F.relu(1 + g[-1]).mean()
        for r, g in zip(real, generated, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_loss(generated: list[Activations]) -> Tensor:
    """Hinge: generated to be taken for real; mean over discriminators."""
    return torch.stack([F.relu(1 - g[-1]).mean() for g in generated]).mean()


def feature_loss(real: list[Activations], generated: list[Activations]) -> Tensor:
    """L1 between the activations of real and generated; mean over discriminators and layers."""
    distances = [
        (r.detach() - g).abs().mean()
        for rs, gs in zip(real, generated, strict=True)
        for r, g in zip(rs[:-1], gs[:-1], strict=True)
    ]
    return torch.stack(distances).mean()
