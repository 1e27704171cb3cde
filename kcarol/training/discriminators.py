"""What the vocoder is trained against: spectral distances, and discriminators with their own
optimiser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig

RESOLUTIONS = (512, 1024, 2048)  # samples of the STFTs; the hop is a quarter
PERIODS = (2, 3, 5, 7, 11)  # samples, primes: HiFi-GAN
MAGNITUDE_FLOOR = 1e-5  # below it the logarithm would hunt for noise


def stft_losses(
    wave_hat: Tensor, wave: Tensor, resolutions: tuple[int, ...] = RESOLUTIONS
) -> dict[str, Tensor]:
    """Spectral convergence and log-magnitude L1, means over resolutions (Parallel WaveGAN, arXiv
    1910.11480).

    Waves (B, T) -> {"convergence": (), "log_magnitude": ()}. Raises ValueError where the shapes
    differ.
    """
    if wave_hat.shape != wave.shape:
        raise ValueError(
            f"waves to compare must have one shape, found {tuple(wave_hat.shape)}, {tuple(wave.shape)}"
        )
    convergence, log_magnitude = [], []
    for n_fft in resolutions:
        found, target = (magnitude(w, n_fft) for w in (wave_hat, wave))
        norm = target.flatten(1).norm(dim=1).clamp_min(1e-3)  # silence would divide by zero
        convergence.append(((found - target).flatten(1).norm(dim=1) / norm).mean())
        log_magnitude.append((found.log() - target.log()).abs().mean())
    return {
        "convergence": torch.stack(convergence).mean(),
        "log_magnitude": torch.stack(log_magnitude).mean(),
    }


def magnitude(wave: Tensor, n_fft: int) -> Tensor:
    """(B, T) -> float32 (B, F, N/2 + 1), Hann, hop a quarter, a full-scale sine near sqrt(N) / 4,
    floored.
    """
    spectrum = _stft(wave, n_fft)
    # floor inside the root: its gradient at zero stays finite
    return (
        (spectrum.real.square() + spectrum.imag.square() + MAGNITUDE_FLOOR**2)
        .sqrt()
        .transpose(1, 2)
    )


def _stft(wave: Tensor, n_fft: int) -> Tensor:
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


class SpectralLoss(nn.Module):
    """Loss of a vocoder without discriminators; the `loss_fn` of `fit`.

    A batch holds "wave" (B, T); with "log_mel" (B, F, M) beside it, the vocoder reads that
    (predicted mels).
    """

    def __init__(
        self, cfg: AudioConfig | None = None, mel_weight: float = 5.0, stft_weight: float = 1.0
    ):
        super().__init__()
        self.log_mel = LogMel(cfg or AudioConfig())
        self.mel_weight, self.stft_weight = mel_weight, stft_weight

    def forward(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named terms and their weighted sum "loss", all ()."""
        return self.compare(self.resynthesise(vocoder, batch), batch["wave"])

    def resynthesise(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Batch -> wave (B, T) of the batch's own length."""
        wave, mel = batch["wave"], batch.get("log_mel")
        return vocoder(self.log_mel(wave) if mel is None else mel, wave.shape[-1])

    def compare(self, wave_hat: Tensor, wave: Tensor) -> dict[str, Tensor]:
        """(B, T), (B, T) -> terms."""
        terms = stft_losses(wave_hat, wave)
        terms["mel"] = (self.log_mel(wave_hat) - self.log_mel(wave)).abs().mean()
        stft = terms["convergence"] + terms["log_magnitude"]
        return {"loss": self.mel_weight * terms["mel"] + self.stft_weight * stft, **terms}


class PeriodDiscriminator(nn.Module):
    """Looks at every p-th sample (HiFi-GAN, arXiv 2010.05646, with fewer channels)."""

    def __init__(self, period: int, channels: int):
        super().__init__()
        self.period = period
        widths = [1, channels, 2 * channels, 4 * channels, 4 * channels]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0)))
            for a, b in zip(widths, widths[1:], strict=False)
        )
        self.judge = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, wave: Tensor) -> list[Tensor]:
        """(B, T) -> activations, the judgement last."""
        wave = functional.pad(wave, (0, -wave.shape[-1] % self.period))
        return _activations(wave.reshape(len(wave), 1, -1, self.period), self.layers, self.judge)


class ResolutionDiscriminator(nn.Module):
    """Looks at real and imaginary part of one STFT (UnivNet, arXiv 2106.07889; complex input as in
    Vocos).
    """

    def __init__(self, n_fft: int, channels: int):
        super().__init__()
        self.n_fft = n_fft
        shapes = [
            ((3, 9), (1, 1)),
            ((3, 9), (1, 2)),
            ((3, 9), (1, 2)),
            ((3, 9), (1, 2)),
            ((3, 3), (1, 1)),
        ]
        self.layers = nn.ModuleList(
            weight_norm(
                nn.Conv2d(
                    channels if i else 2, channels, kernel, stride, tuple(k // 2 for k in kernel)
                )
            )
            for i, (kernel, stride) in enumerate(shapes)
        )
        self.judge = weight_norm(nn.Conv2d(channels, 1, 3, 1, 1))

    def forward(self, wave: Tensor) -> list[Tensor]:
        """(B, T) -> activations, the judgement last."""
        # (B, 2, F, N/2 + 1)
        spectrum = torch.view_as_real(_stft(wave, self.n_fft)).permute(0, 3, 2, 1)
        return _activations(spectrum, self.layers, self.judge)


def _activations(x: Tensor, layers: nn.ModuleList, judge: nn.Module) -> list[Tensor]:
    found = []
    for layer in layers:
        x = functional.leaky_relu(layer(x), 0.1)
        found.append(x)
    return [*found, judge(x)]


class Discriminators(nn.Module):
    """All views of a wave: one list of activations for each period and each resolution."""

    def __init__(
        self,
        channels: int = 32,
        periods: tuple[int, ...] = PERIODS,
        resolutions: tuple[int, ...] = RESOLUTIONS,
    ):
        super().__init__()
        views = [PeriodDiscriminator(p, channels) for p in periods]
        self.views = nn.ModuleList(
            [*views, *(ResolutionDiscriminator(n, channels) for n in resolutions)]
        )

    def forward(self, wave: Tensor) -> list[list[Tensor]]:
        """(B, T) -> per view its activations, the judgement last."""
        return [view(wave) for view in self.views]


def discriminator_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Hinge: real above 1, fake below -1; mean over views."""
    return _mean(
        functional.relu(1 - r[-1]).mean() + functional.relu(1 + f[-1]).mean()
        for r, f in zip(real, fake, strict=True)
    )


def generator_loss(fake: list[list[Tensor]]) -> Tensor:
    """Hinge: fake to be taken for real; mean over views."""
    return _mean(functional.relu(1 - f[-1]).mean() for f in fake)


def feature_loss(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """L1 between the activations of real and fake, judgement left out; mean over views and layers."""
    return _mean(
        (r.detach() - f).abs().mean()
        for rs, fs in zip(real, fake, strict=True)
        for r, f in zip(rs[:-1], fs[:-1], strict=True)
    )


def _mean(terms: Iterator[Tensor]) -> Tensor:
    return torch.stack(list(terms)).mean()


class AdversarialLoss(nn.Module):
    """Spectral loss plus discriminators that it trains itself; the `loss_fn` of `fit`, whose state
    it joins.

    The weights keep HiFi-GAN's balance of 45 for the mel to 1 for the adversarial terms.
    `state_dict` includes the discriminators' optimiser.
    """

    def __init__(
        self,
        spectral: SpectralLoss,
        discriminators: Discriminators,
        learning_rate: float = 2e-4,
        adversarial_weight: float = 0.045,
        feature_weight: float = 0.09,
    ):
        super().__init__()
        self.spectral, self.discriminators = spectral, discriminators
        self.adversarial_weight, self.feature_weight = adversarial_weight, feature_weight
        self.adam = torch.optim.Adam(discriminators.parameters(), learning_rate, betas=(0.8, 0.99))

    def forward(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named terms and "loss", all (); with gradients enabled the discriminators take one step."""
        wave, wave_hat = batch["wave"], self.spectral.resynthesise(vocoder, batch)
        terms = self.spectral.compare(wave_hat, wave)
        with self._precision(wave.device.type):
            if torch.is_grad_enabled():
                terms["discriminator"] = self._train(wave, wave_hat.detach())
            # their part of the generator's backward is not wanted
            self.discriminators.requires_grad_(False)
            with torch.no_grad():
                real = self.discriminators(wave)
            fake = self.discriminators(wave_hat)
            self.discriminators.requires_grad_(True)
            terms["adversarial"], terms["feature"] = generator_loss(fake), feature_loss(real, fake)
        extra = (
            self.adversarial_weight * terms["adversarial"] + self.feature_weight * terms["feature"]
        )
        return {**terms, "loss": terms["loss"] + extra}

    def _train(self, wave: Tensor, wave_hat: Tensor) -> Tensor:
        self.adam.zero_grad(set_to_none=True)
        loss = discriminator_loss(self.discriminators(wave), self.discriminators(wave_hat))
        loss.backward()
        average_gradients(self.discriminators)
        self.adam.step()
        return loss.detach()

    @staticmethod
    def _precision(device_type: str) -> torch.autocast:
        """Autocast stays as it is, but fp16 is left: the discriminators' gradients have no scaler."""
        half = (
            torch.is_autocast_enabled(device_type)
            and torch.get_autocast_dtype(device_type) == torch.float16
        )
        return torch.autocast(
            device_type,
            torch.get_autocast_dtype(device_type),
            enabled=torch.is_autocast_enabled(device_type) and not half,
        )

    def get_extra_state(self) -> dict:
        return self.adam.state_dict()

    def set_extra_state(self, state: dict) -> None:
        self.adam.load_state_dict(state)


def average_gradients(module: nn.Module) -> None:
    """Mean of the gradients over all processes of a run; nothing to do with one."""
    if not (dist.is_available() and dist.is_initialized()):
        return
    for parameter in module.parameters():
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad)
            parameter.grad /= dist.get_world_size()
