"""The loss of `SyllableHearing`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.config import AudioConfig
from kcarol.model.syllable_hearing import SyllableHearing
from kcarol.model.vowels import NO_VOWEL
from kcarol.training.losses import vary_features

LABEL_SMOOTHING = 0.05  # vowels pass into each other
BEGINS_WEIGHT = 0.5  # of beginnings re vowels
MARK_WEIGHT = 8.0  # of frames in which a syllable begins, since most hold none
MARK_FRAMES = 3  # that count as the beginning: 16 ms is finer than human timing


class SyllableLoss:
    """Cross entropies of vowels and of beginnings, on varied features in training."""

    def __init__(self, cfg: AudioConfig):
        self.cfg = cfg

    def __call__(self, module: SyllableHearing, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms "vowel" and "begins", their weighted sum "loss", and "right": the share of sung
        frames whose likeliest vowel is theirs (0 where nobody sings); all ().
        """
        features, vowel = batch["features"].float(), batch["vowel"].long()
        if module.training:
            features = vary_features(features, self.cfg)
        heard = module(features, batch["tune"].float())
        terms = {
            "vowel": F.cross_entropy(
                heard.vowel.flatten(0, 1), vowel.flatten(), label_smoothing=LABEL_SMOOTHING
            ),
            "begins": F.binary_cross_entropy_with_logits(
                heard.begins[..., 0],
                widened(batch["begins"]),
                pos_weight=torch.tensor(MARK_WEIGHT, device=vowel.device),
            ),
        }
        sung = vowel < NO_VOWEL
        right = sung & (heard.vowel[..., :NO_VOWEL].argmax(-1) == vowel)
        return {
            **terms,
            "loss": terms["vowel"] + BEGINS_WEIGHT * terms["begins"],
            "right": right.sum() / sung.sum().clamp_min(1),
        }


def widened(begins: Tensor) -> Tensor:
    """(B, F) bool -> float: 1 over MARK_FRAMES around each beginning."""
    return F.max_pool1d(begins.float(), MARK_FRAMES, stride=1, padding=MARK_FRAMES // 2)
