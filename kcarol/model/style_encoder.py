"""The style encoder: the sound of a carol as one vector."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.config import ModelConfig

MIN_STYLE_FRAMES = 5  # leave two steps after both strides; a deviation needs two


class StyleEncoder(nn.Module):
    """Two strided convolutions over standardised log-mel, then mean and deviation over time."""

    def __init__(self, cfg: ModelConfig):
        super().__init__()
        n_bands = cfg.n_played
        self.layers = nn.ModuleList(
            [
                nn.Conv1d(n_bands, 128, 5, stride=2, padding=2),
                nn.Conv1d(128, 128, 5, stride=2, padding=2),
            ]
        )
        self.out = nn.Linear(2 * (128 + n_bands), cfg.d_style)

    def forward(self, standardised: Tensor) -> Tensor:
        """(B, F, M) -> (B, d_style). ValueError for fewer than MIN_STYLE_FRAMES frames."""
        if standardised.shape[1] < MIN_STYLE_FRAMES:
            raise ValueError(
                f"expected at least {MIN_STYLE_FRAMES} frames of a reference, "
                f"found {standardised.shape[1]}"
            )
        bands = hidden = standardised.transpose(1, 2)
        for layer in self.layers:
            hidden = F.gelu(layer(hidden))
        statistics = [bands.mean(-1), bands.std(-1), hidden.mean(-1), hidden.std(-1)]
        return torch.tanh(self.out(torch.cat(statistics, dim=-1)))
