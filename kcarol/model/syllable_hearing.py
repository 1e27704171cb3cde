"""`SyllableHearing`: the vowels and syllables of a singer, heard through the band.

    features (B, F, C), tune (B, F, N_PITCHES + 1) ──▶ SyllableLogits (B, F, n)

A voice is separated by nothing but its pitch: the network sees the pitch bands once as they are
and once where harmonics of the tune lie, whose levels follow the formants.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.config import TUNE_LOWEST, AudioConfig, ModelConfig, SyllableConfig
from kcarol.model.content import N_PITCHES
from kcarol.model.transformer import EncoderLayer, positional_encoding
from kcarol.model.vowels import VOWELS
from kcarol.model.weights_file import config_from, load_module, save_module

N_SYLLABLE_LOGITS = len(VOWELS) + 2
N_HARMONICS = 24
HARMONIC_WIDTH = 0.6  # pitch bands, of a harmonic's Gaussian: half a semitone each


class SyllableLogits(NamedTuple):
    vowel: Tensor  # (B, F, len(VOWELS) + 1), the last: nobody sings
    begins: Tensor  # (B, F, 1)


class SyllableHearing(nn.Module):
    """Two Conv1d layers, positional encoding, encoder layers and a linear output."""

    comb: Tensor  # (N_PITCHES, n_pitch_bands): where a pitch has its harmonics, 0 to 1

    def __init__(self, cfg: SyllableConfig | None = None):
        super().__init__()
        self.cfg = cfg = cfg or SyllableConfig()
        n_in = cfg.n_features + 2 * cfg.n_pitch_bands
        d = cfg.d_model
        self.conv1 = nn.Conv1d(n_in, d, cfg.kernel_size, padding=cfg.kernel_size // 2)
        self.conv2 = nn.Conv1d(d, d, cfg.stride + 1, stride=cfg.stride, padding=cfg.stride // 2)
        layer = ModelConfig(
            d_model=d, n_heads=cfg.n_heads, d_feedforward=cfg.d_feedforward, dropout=cfg.dropout
        )
        self.layers = nn.ModuleList(
            EncoderLayer(layer, conditioned=False) for _ in range(cfg.n_layers)
        )
        self.norm = nn.LayerNorm(d)
        self.out = nn.Linear(d, N_SYLLABLE_LOGITS * cfg.stride)
        self.register_buffer("comb", harmonic_comb(AudioConfig()), persistent=False)

    def forward(self, features: Tensor, tune: Tensor) -> SyllableLogits:
        """Features (B, F, C) and probabilities of the tune's pitches (B, F, N_PITCHES + 1)."""
        n_frames = features.shape[1]
        harmonics = tune[..., :N_PITCHES].to(self.comb.dtype) @ self.comb
        bands = features[..., : self.cfg.n_pitch_bands]
        x = torch.cat([features, harmonics, bands * harmonics], dim=-1)
        x = F.gelu(self.conv1(x.transpose(1, 2)))
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + positional_encoding(x.shape[1], x.shape[2], device=x.device).to(x.dtype)
        for layer in self.layers:
            x, _ = layer(x)
        rows = self.out(self.norm(x)).float()
        rows = rows.reshape(len(rows), -1, N_SYLLABLE_LOGITS)[:, :n_frames]
        return SyllableLogits(*rows.split((len(VOWELS) + 1, 1), dim=-1))

    def save(self, path: Path, extra: dict | None = None) -> None:
        """Write weights and config as safetensors, in half precision."""
        save_module(path, self, self.cfg, extra, torch.float16)

    @classmethod
    def load(cls, path: Path, device: str | torch.device = "cpu") -> SyllableHearing:
        """A saved network in eval mode. Raises WeightsError."""
        return load_module(path, lambda values: cls(config_from(SyllableConfig, values)), device)[0]


def harmonic_comb(cfg: AudioConfig) -> Tensor:
    """(N_PITCHES, n_pitch_bands), 1 where a harmonic of the pitch lies."""
    pitches = torch.arange(TUNE_LOWEST, TUNE_LOWEST + N_PITCHES)
    harmonics = 12 * torch.arange(1, N_HARMONICS + 1).log2()
    places = (pitches[:, None] + harmonics - cfg.lowest_midi) * cfg.bands_per_semitone
    bands = torch.arange(cfg.n_pitch_bands)
    distance = (places[..., None] - bands) / HARMONIC_WIDTH
    return (-distance.square() / 2).exp().amax(1)
