"""Losses for `fit`: of both halves of the converter, and of the vocoder with and without
discriminators.

Hearing learns from batches of features (B, F, C) and labels (B, F, N_PACKED) int16; playing from
notes (B, N, 5), log_mel and reference (B, F, 2, n_bands); the vocoder from wave (B, T).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.audio.features import transpose_features
from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.dataset.labels import Targets, unpack
from kcarol.model.content import N_PITCHES
from kcarol.model.logits import Logits
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import notes_of_batch
from kcarol.training.distributed import average_gradients_
from kcarol.vocoder.discriminators import (
    RESOLUTIONS,
    Discriminators,
    discriminator_loss,
    feature_loss,
    generator_loss,
    stft,
)

WIDEST_TRANSPOSITION = 5  # semitones, up and down
MAGNITUDE_FLOOR = 1e-5  # below it the logarithm would amplify noise
SILENT_NORM = 1e-3  # of a spectrum: silence would divide by zero


# --- augmentation of the features


@dataclass(frozen=True)
class Variation:
    """How far features are varied in training, in their own units: standard deviations, or the
    largest value of a uniform draw.
    """

    share: float = 0.5  # of the rows; the others are unchanged
    contrast: float = 0.2  # deviation of the logarithm of a factor
    colour: float = 0.25  # largest, at each of `colour_points` along the pitch bands
    colour_points: int = 10
    noise: float = 0.5  # largest
    masks: int = 2  # along time, and as many along the pitch bands, on top of `mask_features`
    longest_frames: float = 24.0
    widest_bands: float = 12.0
    flux: float = 0.3  # deviation of the logarithm of a factor
    loudness: float = 0.1  # deviation, of 20 dB


def vary_features(features: Tensor, cfg: AudioConfig, by: Variation | None = None) -> Tensor:
    """Half of the rows of (B, F, C) varied like other records: tone colour, contrast, noise, gaps,
    sharper or softer onsets.

    Domain randomisation (Tobin et al. 2017, arXiv 1703.06907); also against overfitting if pairs
    are seen many times.
    """
    by = by or Variation()
    rows, n_frames, _ = features.shape
    n_bands, device = cfg.n_pitch_bands, features.device

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device)

    def uniform() -> Tensor:
        return torch.rand(rows, 1, 1, device=device)

    pitch, flux, loudness = features.split((n_bands, cfg.n_flux, 1), dim=-1)
    colour = normal(rows, 1, by.colour_points) * by.colour * uniform()
    colour = F.interpolate(colour, size=n_bands, mode="linear")
    pitch = pitch * torch.exp(by.contrast * normal(rows, 1, 1)) + colour
    pitch = pitch + normal(rows, n_frames, n_bands) * by.noise * uniform().square()
    frame = torch.arange(n_frames, device=device)[:, None]
    band = torch.arange(n_bands, device=device)
    for place, widest in ((frame, by.longest_frames), (band, by.widest_bands)):
        for _ in range(by.masks):
            start = uniform() * place.numel()
            width = uniform() * widest
            pitch = pitch.masked_fill((place >= start) & (place < start + width), 0.0)
    flux = flux * torch.exp(by.flux * normal(rows, 1, 1))
    loudness = loudness + by.loudness * normal(rows, 1, 1)
    varied = torch.cat([pitch, flux, loudness], dim=-1)
    return torch.where(uniform() < by.share, varied, features)


def mask_features(features: Tensor, n_masks: int = 2, widest_bands: int = 24) -> Tensor:
    """SpecAugment's frequency masks (arXiv 1904.08779) on (B, F, C): a record may lack bands."""
    rows, _, n_bands = features.shape
    band = torch.arange(n_bands, device=features.device)
    for _ in range(n_masks):
        start = torch.randint(0, n_bands - widest_bands, (rows, 1), device=features.device)
        width = torch.randint(0, widest_bands, (rows, 1), device=features.device)
        features = features.masked_fill(((band >= start) & (band < start + width))[:, None], 0.0)
    return features


def transpose_targets(labels: Targets, semitones: int) -> Targets:
    """The targets of transposed features: tune, bass and chord move, the content does not."""
    tune = torch.where(labels.tune < N_PITCHES, labels.tune + semitones, N_PITCHES)
    tune = torch.where((tune >= 0) & (tune <= N_PITCHES), tune, N_PITCHES)
    bass = torch.where(labels.bass < 12, (labels.bass + semitones) % 12, 12)
    chord = torch.roll(labels.content.chord, semitones, dims=-1)
    return replace(labels, tune=tune, bass=bass, content=replace(labels.content, chord=chord))


# --- hearing


@dataclass(frozen=True)
class HeadWeights:
    """Weights of the heads in the loss of hearing."""

    tune: float = 0.5
    onset: float = 0.5
    chord: float = 1.0
    bass: float = 0.3
    beat: float = 0.5
    downbeat: float = 0.5
    accent: float = 0.5
    energy: float = 0.3


# weight of frames that hold a mark, since most hold none
MARK_WEIGHTS = {"onset": 8.0, "beat": 8.0, "downbeat": 16.0, "accent": 8.0}


class HearingLoss:
    """The heads' cross entropies."""

    def __init__(
        self,
        cfg: AudioConfig,
        weights: HeadWeights | None = None,
        widest_transposition: int = WIDEST_TRANSPOSITION,
    ):
        self.cfg = cfg
        self.weights = weights or HeadWeights()
        self.widest_transposition = widest_transposition

    def __call__(self, module: MusicTransformer, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Each head's loss and their weighted sum "loss", all ()."""
        labels = unpack(batch["labels"])
        semitones = self.draw_transposition() if module.training else 0
        heard = module.hear(self.augmented(batch["features"], semitones, module.training))
        terms = head_losses(heard, transpose_targets(labels, semitones))
        return {**terms, "loss": sum(getattr(self.weights, name) * terms[name] for name in terms)}

    def draw_transposition(self) -> int:
        widest = self.widest_transposition
        return int(torch.randint(-widest, widest + 1, ()).item())

    def augmented(self, features: Tensor, semitones: int, training: bool) -> Tensor:
        features = features.float()
        if not training:
            return features
        varied = vary_features(features, self.cfg)
        return mask_features(transpose_features(varied, semitones, self.cfg))


def head_losses(heard: Logits, labels: Targets) -> dict[str, Tensor]:
    """Cross entropies of all heads."""
    losses = {
        "tune": F.cross_entropy(heard.tune.flatten(0, -2), labels.tune.flatten()),
        "bass": F.cross_entropy(heard.bass.flatten(0, -2), labels.bass.flatten()),
        "chord": F.binary_cross_entropy_with_logits(heard.chord, labels.content.chord),
        "energy": F.binary_cross_entropy_with_logits(heard.energy, labels.content.energy),
    }
    marks = {
        "onset": labels.content.onset,
        "beat": labels.beat,
        "downbeat": labels.downbeat,
        "accent": labels.content.accent,
    }
    for name, mark in marks.items():
        losses[name] = F.binary_cross_entropy_with_logits(
            getattr(heard, name),
            widened(mark),
            pos_weight=torch.tensor(MARK_WEIGHTS[name], device=mark.device),
        )
    return losses


def widened(mark: Tensor) -> Tensor:
    """(B, F, 1): 1 at a mark, a half next to it, since 16 ms is finer than human timing."""
    before = F.pad(mark[:, 1:], (0, 0, 0, 1))
    behind = F.pad(mark[:, :-1], (0, 0, 1, 0))
    return torch.maximum(mark, 0.5 * torch.maximum(before, behind))


# --- the player


@dataclass(frozen=True)
class PlayerWeights:
    """Weights of the player's loss."""

    side: float = 0.5  # re the middle
    treble: float = 0.5  # of bands above the mel bands, re those
    inaudible: float = 0.2  # of what the carol's louder bands mask
    difference: float = 4.0  # of the change from frame to frame: onsets and decays stay sharp
    detail: float = 1.0  # of the change from band to band: partials stay apart


AUDIBLE_NATS = 6.5  # below the loudest band of its frame, about which a band becomes inaudible
SOFT_FRAME_NATS = 3.5  # below the loudest frame: softer frames mask no more
# of recording and balance, which the player takes from the style: deviations in nats
TILT = 0.1  # an octave
COLOUR = 0.15  # at each of COLOUR_POINTS along the bands
COLOUR_POINTS = 6
WIDTH = 0.3  # of the side


class PlayerLoss:
    """MSE on standardised log-mel of middle and side, played from notes.

    A batch may say which bands are known of each row, (B, 2, n_bands) of ones and zeros.
    """

    def __init__(self, cfg: AudioConfig, weights: PlayerWeights | None = None):
        self.cfg = cfg
        self.weights = weights or PlayerWeights()

    def __call__(self, module: MusicTransformer, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named terms and their weighted sum "loss", all ()."""
        target, reference = batch["log_mel"].float(), batch["reference"].float()
        if module.training:
            colour = draw_colour(len(target), self.cfg).to(target.device)
            target, reference = target + colour, reference + colour
        style = module.embed_style(reference)
        played = module.play(notes_of_batch(batch["notes"]), target.shape[1], style)
        error = played - module.standardise(target.flatten(2))
        share = self.shares(target)
        if "known" in batch:  # recordings may lack bands
            share = share * batch["known"][:, None]
        share = share.flatten(2)
        error = error * share.sqrt()
        terms = {
            "played": error.square().sum() / share.sum(),
            "difference": error.diff(dim=1).square().mean() / share.mean(),
            "detail": error.unflatten(2, (2, -1)).diff(dim=3).square().mean() / share.mean(),
        }
        weights = self.weights
        loss = terms["played"] + weights.difference * terms["difference"]
        return {**terms, "loss": loss + weights.detail * terms["detail"]}

    def shares(self, target: Tensor) -> Tensor:
        """(B, F, 2, n_bands) how much each value counts."""
        loudest = target.amax((2, 3), keepdim=True)
        loudest = loudest.maximum(loudest.amax(1, keepdim=True) - SOFT_FRAME_NATS)
        audible = torch.sigmoid(target - loudest + AUDIBLE_NATS)
        share = self.weights.inaudible + (1 - self.weights.inaudible) * audible
        channel = torch.tensor([1.0, self.weights.side], device=target.device)
        band = torch.ones(self.cfg.n_bands, device=target.device)
        band[self.cfg.n_mels :] = self.weights.treble
        return share * channel[:, None] * band


def draw_colour(n_rows: int, cfg: AudioConfig) -> Tensor:
    """(B, 1, 2, n_bands) nats: the tilt, colour and width of a recording; half have none."""
    octaves = torch.linspace(-4, 4, cfg.n_bands)
    points = COLOUR * torch.randn(n_rows, 1, COLOUR_POINTS)
    curve = F.interpolate(points, size=cfg.n_bands, mode="linear", align_corners=True)
    curve = curve + TILT * torch.randn(n_rows, 1, 1) * octaves
    both = torch.cat([curve, curve + WIDTH * torch.randn(n_rows, 1, 1)], dim=1)
    return (both * (torch.rand(n_rows, 1, 1) < 0.5))[:, None]


# --- the vocoder


class SpectralLoss(nn.Module):
    """Distances of log-mel and of STFTs in several resolutions: the vocoder's loss without
    discriminators.
    """

    def __init__(
        self, cfg: AudioConfig | None = None, mel_weight: float = 5.0, stft_weight: float = 1.0
    ):
        super().__init__()
        self.log_mel = LogMel(cfg or AudioConfig())
        self.mel_weight = mel_weight
        self.stft_weight = stft_weight

    def forward(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Named terms and their weighted sum "loss", all ()."""
        return self.compare(self.resynthesise(vocoder, batch), batch["wave"])

    def resynthesise(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """The batch's waves (B, T) through log-mel and vocoder, as long as they are."""
        wave = batch["wave"]
        return vocoder(self.log_mel(wave), wave.shape[-1])

    def compare(self, generated: Tensor, wave: Tensor) -> dict[str, Tensor]:
        """Waves (B, T) -> terms."""
        terms = stft_losses(generated, wave)
        terms["mel"] = (self.log_mel(generated) - self.log_mel(wave)).abs().mean()
        stft_loss = terms["convergence"] + terms["log_magnitude"]
        return {**terms, "loss": self.mel_weight * terms["mel"] + self.stft_weight * stft_loss}


def stft_losses(generated: Tensor, wave: Tensor) -> dict[str, Tensor]:
    """Spectral convergence and log-magnitude L1 of waves (B, T), means over RESOLUTIONS (Parallel
    WaveGAN, arXiv 1910.11480). ValueError where the shapes differ.
    """
    if generated.shape != wave.shape:
        raise ValueError(
            f"expected waves of one shape, found {tuple(generated.shape)}, {tuple(wave.shape)}"
        )
    convergence, log_magnitude = [], []
    for n_fft in RESOLUTIONS:
        found, target = magnitude(generated, n_fft), magnitude(wave, n_fft)
        norm = target.flatten(1).norm(dim=1).clamp_min(SILENT_NORM)
        convergence.append(((found - target).flatten(1).norm(dim=1) / norm).mean())
        log_magnitude.append((found.log() - target.log()).abs().mean())
    return {
        "convergence": torch.stack(convergence).mean(),
        "log_magnitude": torch.stack(log_magnitude).mean(),
    }


def magnitude(wave: Tensor, n_fft: int) -> Tensor:
    """(B, T) -> float32 (B, F, N/2 + 1), floored; of a full-scale sine it is near sqrt(N) / 4."""
    spectrum = stft(wave, n_fft)
    power = spectrum.real.square() + spectrum.imag.square()
    # the floor is inside the root, so that its gradient is finite at zero
    return (power + MAGNITUDE_FLOOR**2).sqrt().transpose(1, 2)


class AdversarialLoss(nn.Module):
    """Spectral loss, and discriminators that it trains with its own optimiser.

    The weights keep HiFi-GAN's balance of 45 for the mel to 1 for the adversarial terms. The
    `state_dict` includes the optimiser's.
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
        self.spectral = spectral
        self.discriminators = discriminators
        self.adversarial_weight = adversarial_weight
        self.feature_weight = feature_weight
        self.adam = torch.optim.Adam(discriminators.parameters(), learning_rate, betas=(0.8, 0.99))

    def forward(self, vocoder: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Terms and "loss", all (); with gradients enabled the discriminators take one step."""
        wave = batch["wave"]
        generated = self.spectral.resynthesise(vocoder, batch)
        terms = self.spectral.compare(generated, wave)
        with self._autocast(wave.device.type):
            if torch.is_grad_enabled():
                terms["discriminator"] = self._train_discriminators(wave, generated.detach())
            # they take no gradients from the generator's backward pass
            self.discriminators.requires_grad_(False)
            with torch.no_grad():
                real = self.discriminators(wave)
            judged = self.discriminators(generated)
            self.discriminators.requires_grad_(True)
            terms["adversarial"] = generator_loss(judged)
            terms["feature"] = feature_loss(real, judged)
        terms["loss"] = (
            terms["loss"]
            + self.adversarial_weight * terms["adversarial"]
            + self.feature_weight * terms["feature"]
        )
        return terms

    def _train_discriminators(self, wave: Tensor, generated: Tensor) -> Tensor:
        self.adam.zero_grad(set_to_none=True)
        loss = discriminator_loss(self.discriminators(wave), self.discriminators(generated))
        loss.backward()
        average_gradients_(self.discriminators)
        self.adam.step()
        return loss.detach()

    @staticmethod
    def _autocast(device_type: str) -> torch.autocast:
        """The precision itself, except float16: the discriminators' gradients have no scaler."""
        dtype = torch.get_autocast_dtype(device_type)
        enabled = torch.is_autocast_enabled(device_type) and dtype != torch.float16
        return torch.autocast(device_type, dtype, enabled=enabled)

    def get_extra_state(self) -> dict:
        return self.adam.state_dict()

    def set_extra_state(self, state: dict) -> None:
        self.adam.load_state_dict(state)
