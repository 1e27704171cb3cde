"""What the networks are trained to do: losses for `fit`, from batches of waves and packed truth.

The converter's batches are dicts of tensors: features (B, F, C), carol_mel (B, F, M), reference_mel
(B, F', M) of a carol in the same style, truth (B, F, N_PACKED) int16; content (B, F, N_FIELDS)
where the player is given something else than the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.audio.features import transpose_features
from kcarol.config import AudioConfig
from kcarol.dataset.labels import Targets, unpack
from kcarol.model.content import N_PITCHES, Content
from kcarol.model.logits import Logits


@dataclass(frozen=True)
class Variation:
    """How far features are varied in training, in their own units: deviations, or the most of a
    uniform draw.
    """

    share: float = 0.5  # of the rows; the others stay as they are
    contrast: float = 0.2  # deviation of the logarithm of a factor
    colour: float = 0.25  # most, at each of `colour_points` along the pitch bands
    colour_points: int = 10
    noise: float = 0.5  # most
    masks: int = 2  # along time, and as many along the pitch bands, on top of `mask_features`
    longest_frames: float = 24.0
    widest_bands: float = 12.0
    flux: float = 0.3  # deviation of the logarithm of a factor
    loudness: float = 0.1  # deviation, of 20 dB


@dataclass(frozen=True)
class LossWeights:
    """Shares of the converter's loss. `given`: playing the true content; `own`: playing what was
    heard; 0 leaves a half out.
    """

    given: float = 1.0
    own: float = 0.5
    difference: float = 8.0  # MSE of the change from frame to frame: strokes and decays stay sharp
    detail: float = 1.0  # MSE of the change from band to band: partials stay apart
    heads: float = 1.0
    tune: float = 0.5
    onset: float = 0.5
    chord: float = 1.0
    bass: float = 0.3
    beat: float = 0.5
    downbeat: float = 0.5
    accent: float = 0.5
    energy: float = 0.3


STAGES = {  # the halves can be trained one by one, which is cheaper; "all" joins them
    "hear": LossWeights(given=0, own=0, difference=0, detail=0),
    "play": LossWeights(own=0, heads=0),
    "all": LossWeights(),
}
# weight of frames that hold a mark
RARE = {"onset": 8.0, "beat": 8.0, "downbeat": 16.0, "accent": 8.0}


def head_losses(heard: Logits, labels: Targets) -> dict[str, Tensor]:
    """Cross entropies of all heads; marks are widened to their neighbouring frames, since 16 ms is
    finer than anybody plays.
    """
    flat = lambda x: x.flatten(0, -2)  # noqa: E731
    losses = {
        "tune": F.cross_entropy(flat(heard.tune), labels.tune.flatten()),
        "bass": F.cross_entropy(flat(heard.bass), labels.bass.flatten()),
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
        weight = torch.tensor(RARE[name], device=mark.device)
        losses[name] = F.binary_cross_entropy_with_logits(
            getattr(heard, name), widened(mark), pos_weight=weight
        )
    return losses


def widened(mark: Tensor) -> Tensor:
    """(B, F, 1): 1 at a mark, a half next to it."""
    near = torch.maximum(F.pad(mark[:, 1:], (0, 0, 0, 1)), F.pad(mark[:, :-1], (0, 0, 1, 0)))
    return torch.maximum(mark, 0.5 * near)


def transpose_targets(labels: Targets, semitones: int) -> Targets:
    """What is heard in transposed features: classes of tune and bass, chord; `content` but for the
    chord is left.
    """
    tune = torch.where(labels.tune < N_PITCHES, labels.tune + semitones, N_PITCHES)
    tune = torch.where((tune >= 0) & (tune <= N_PITCHES), tune, N_PITCHES)
    bass = torch.where(labels.bass < 12, (labels.bass + semitones) % 12, 12)
    chord = torch.roll(labels.content.chord, semitones, dims=-1)
    return replace(labels, tune=tune, bass=bass, content=replace(labels.content, chord=chord))


def mask_features(features: Tensor, n_masks: int = 2, widest_bands: int = 24) -> Tensor:
    """SpecAugment's frequency masks (arXiv 1904.08779) on (B, F, C): bands that a record lacks must
    not be missed.
    """
    b, _, c = features.shape
    band = torch.arange(c, device=features.device)
    for _ in range(n_masks):
        start = torch.randint(0, c - widest_bands, (b, 1), device=features.device)
        width = torch.randint(0, widest_bands, (b, 1), device=features.device)
        features = features.masked_fill(((band >= start) & (band < start + width))[:, None], 0.0)
    return features


def vary_features(features: Tensor, cfg: AudioConfig, by: Variation | None = None) -> Tensor:
    """Half of the rows of (B, F, C) as other records would sound: tone colour, contrast, noise,
    gaps, sharper or softer strokes.

    Domain randomisation (Tobin et al. 2017, arXiv 1703.06907) of what the networks hear; also keeps
    them from knowing their pairs by heart when these are passed over many times.
    """
    by, (b, f, _), n, device = by or Variation(), features.shape, cfg.n_pitch_bands, features.device
    drawn = lambda *shape: torch.randn(*shape, device=device)  # noqa: E731
    share = lambda: torch.rand(b, 1, 1, device=device)  # noqa: E731
    pitch, flux, loudness = features.split((n, cfg.n_flux, 1), dim=-1)
    colour = F.interpolate(
        drawn(b, 1, by.colour_points) * by.colour * share(), size=n, mode="linear"
    )
    pitch = (
        pitch * torch.exp(by.contrast * drawn(b, 1, 1))
        + colour
        + drawn(b, f, n) * by.noise * share().square()
    )
    frame, band = torch.arange(f, device=device)[:, None], torch.arange(n, device=device)
    for place, most in ((frame, by.longest_frames), (band, by.widest_bands)):
        for _ in range(by.masks):
            start, width = share() * place.numel(), share() * most
            pitch = pitch.masked_fill((place >= start) & (place < start + width), 0.0)
    varied = torch.cat(
        [
            pitch,
            flux * torch.exp(by.flux * drawn(b, 1, 1)),
            loudness + by.loudness * drawn(b, 1, 1),
        ],
        dim=-1,
    )
    return torch.where(share() < by.share, varied, features)


class ConverterLoss:
    """MSE on standardised log-mel, of playing the truth and of playing what was heard, and the
    heads' cross entropies.
    """

    def __init__(
        self, cfg: AudioConfig, weights: LossWeights | None = None, widest_transposition: int = 5
    ):
        self.cfg, self.weights, self.widest_transposition = (
            cfg,
            weights or LossWeights(),
            widest_transposition,
        )

    def __call__(self, module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        w = self.weights
        labels, semitones, features, reference = unpack(batch["labels"]), 0, None, None
        if w.heads or w.own:
            features = batch["features"].float()
            if module.training:
                semitones = int(
                    torch.randint(
                        -self.widest_transposition, self.widest_transposition + 1, ()
                    ).item()
                )
                features = vary_features(features, self.cfg)
                features = mask_features(transpose_features(features, semitones, self.cfg))
        if w.given or w.own:
            reference = batch["reference_mel"].float()
        content = (
            Content.of_fields(batch["content"].float()) if "content" in batch else labels.content
        )
        heard, own, given = module(
            features, reference, content, bool(w.own), semitones, labels.tune_shift
        )
        losses = head_losses(heard, transpose_targets(labels, semitones)) if w.heads else {}
        losses = (
            {"heads": sum(getattr(w, name) * value for name, value in losses.items()), **losses}
            if losses
            else {}
        )
        if reference is not None:
            losses |= played_losses(own, given, module.standardise(batch["carol_mel"]))
        weighted = ("heads", "given", "own", "difference", "detail")
        losses["loss"] = sum(getattr(w, name) * losses[name] for name in weighted if name in losses)
        return losses


def played_losses(own: Tensor | None, given: Tensor, target: Tensor) -> dict[str, Tensor]:
    """MSEs of standardised log-mels (B, F, M)."""
    losses = {"given": F.mse_loss(given, target)}
    losses["difference"] = F.mse_loss(given.diff(dim=1), target.diff(dim=1))
    losses["detail"] = F.mse_loss(given.diff(dim=2), target.diff(dim=2))
    if own is not None:
        losses["own"] = F.mse_loss(own, target)
    return losses
