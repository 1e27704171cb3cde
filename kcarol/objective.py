"""What the networks are trained to do: losses for `fit`, from batches of waves and packed truth.

Batches are dicts of tensors: pop, carol (B, T) int16 or float waves, truth (B, F, N_PACKED) int16, reference (B, T') a carol
in the same style.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.config import AudioConfig
from kcarol.corpus.truth import Targets, unpack
from kcarol.models import Heard
from kcarol.spectral import Features, LogMel


@dataclass(frozen=True)
class LossWeights:
    """Shares of the converter's loss. `given`: playing the true content; `own`: playing what was heard."""

    given: float = 1.0
    own: float = 0.5
    difference: float = 0.5  # MSE of the given log-mel's change from frame to frame: strokes stay sharp
    tune: float = 0.5
    onset: float = 0.5
    chord: float = 1.0
    bass: float = 0.3
    beat: float = 0.5
    downbeat: float = 0.5
    accent: float = 0.5
    energy: float = 0.3


RARE = {"onset": 8.0, "beat": 8.0, "downbeat": 16.0, "accent": 8.0}  # weight of frames that hold a mark


def as_float(wave: Tensor) -> Tensor:
    return wave.float() / 32768 if wave.dtype == torch.int16 else wave.float()


def head_losses(heard: Heard, truth: Targets) -> dict[str, Tensor]:
    """Cross entropies of all heads; marks are widened to their neighbouring frames, since 16 ms is finer than anybody plays."""
    flat = lambda x: x.flatten(0, -2)  # noqa: E731
    losses = {
        "tune": F.cross_entropy(flat(heard.tune), truth.tune.flatten()),
        "bass": F.cross_entropy(flat(heard.bass), truth.bass.flatten()),
        "chord": F.binary_cross_entropy_with_logits(heard.chord, truth.content.chord),
        "energy": F.binary_cross_entropy_with_logits(heard.energy, truth.content.energy),
    }
    marks = {"onset": truth.content.onset, "beat": truth.beat, "downbeat": truth.downbeat, "accent": truth.content.accent}
    for name, mark in marks.items():
        weight = torch.tensor(RARE[name], device=mark.device)
        losses[name] = F.binary_cross_entropy_with_logits(getattr(heard, name), widened(mark), pos_weight=weight)
    return losses


def widened(mark: Tensor) -> Tensor:
    """(B, F, 1): 1 at a mark, a half next to it."""
    near = torch.maximum(F.pad(mark[:, 1:], (0, 0, 0, 1)), F.pad(mark[:, :-1], (0, 0, 1, 0)))
    return torch.maximum(mark, 0.5 * near)


def augment_wave(wave: Tensor, sample_rate: int, spread_db: float = 6.0, n_knots: int = 8) -> Tensor:
    """A random smooth equaliser for each wave (B, T), and noise between -70 and -30 dB for every other."""
    b, t = wave.shape
    spectrum = torch.fft.rfft(wave)
    octave = torch.log2(torch.linspace(0, sample_rate / 2, spectrum.shape[-1], device=wave.device).clamp_min(40) / 40)
    place = octave / octave[-1] * (n_knots - 1)
    gains = torch.randn(b, n_knots + 1, device=wave.device) * spread_db
    low = place.floor().long().clamp_max(n_knots - 1)
    curve_db = torch.lerp(gains[:, low], gains[:, low + 1], (place - low)[None])
    out = torch.fft.irfft(spectrum * 10 ** (curve_db / 20), n=t)
    level = out.square().mean(-1, keepdim=True).sqrt()
    noise_db = torch.empty(b, 1, device=wave.device).uniform_(-70, -30)
    noisy = (torch.rand(b, 1, device=wave.device) < 0.5).float()
    return out + noisy * level * 10 ** (noise_db / 20) * torch.randn_like(out)


def mask_features(features: Tensor, n_masks: int = 2, widest_bands: int = 24) -> Tensor:
    """SpecAugment's frequency masks (arXiv 1904.08779) on (B, F, C): bands that a record lacks must not be missed."""
    b, _, c = features.shape
    band = torch.arange(c, device=features.device)
    for _ in range(n_masks):
        start = torch.randint(0, c - widest_bands, (b, 1), device=features.device)
        width = torch.randint(0, widest_bands, (b, 1), device=features.device)
        features = features.masked_fill(((band >= start) & (band < start + width))[:, None], 0.0)
    return features


class ConverterLoss:
    """MSE on standardised log-mel, of playing the truth and of playing what was heard, and the heads' cross entropies."""

    def __init__(self, cfg: AudioConfig, device="cpu", weights: LossWeights | None = None, augment: bool = True):
        self.cfg, self.weights, self.augment = cfg, weights or LossWeights(), augment
        self.features, self.log_mel = Features(cfg).to(device), LogMel(cfg).to(device)

    def __call__(self, module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        inner = getattr(module, "module", module)  # DistributedDataParallel wraps
        with torch.no_grad(), torch.autocast(batch["pop"].device.type, enabled=False):
            pop = as_float(batch["pop"])
            pop = augment_wave(pop, self.cfg.sample_rate) if self.augment and inner.training else pop
            features = self.features(pop)
            features = mask_features(features) if self.augment and inner.training else features
            target = inner.standardise(self.log_mel(as_float(batch["carol"])))
            reference = self.log_mel(as_float(batch["reference"]))
            truth = unpack(batch["truth"])
        own, heard, given = module(features, reference, truth.content.phase, truth.content)
        losses = head_losses(heard, truth)
        losses["given"] = F.mse_loss(given, target)
        losses["own"] = F.mse_loss(own, target)
        losses["difference"] = F.mse_loss(given.diff(dim=1), target.diff(dim=1))
        losses["loss"] = sum(getattr(self.weights, name) * value for name, value in losses.items())
        return losses


