"""`MusicTransformer`: hears a song, and plays the notes of its carol.

    features (B, F, C) ──hear──▶ Logits (B, F, n)
    Notes ──NoteBank──▶ draft ──play, style──▶ log-mel of middle and side (B, F, 2 * n_bands)

Between the two a whole song is decoded, written down and arranged. F frames of 16 ms are
S = ceil(F / stride) Transformer steps of 64 ms; D is the model width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.config import ModelConfig
from kcarol.model.logits import HEADS, Logits
from kcarol.model.note_bank import FLOOR, NoteBank, Table
from kcarol.model.notes import Notes
from kcarol.model.singing.text import Text
from kcarol.model.style_encoder import StyleEncoder


class MusicTransformer(nn.Module):
    """Two Conv1d layers, positional encoding, six encoder layers and a linear output.

    The first `n_hearing_layers` and their heads transcribe the song (`hear`). The other layers,
    conditioned on a style, correct what the note bank drafts of its carol (`play`).
    """

    mel_mean: Tensor
    mel_std: Tensor

    def __init__(self, cfg: ModelConfig | None = None):
        """With weights drawn at random. ValueError for sizes that do not fit each other."""
        super().__init__()
        self.cfg = cfg = cfg or ModelConfig()
        if cfg.stride % 2 or cfg.d_model % (2 * cfg.n_heads):
            raise ValueError(
                "expected an even stride and a d_model that 2 * n_heads divides, found "
                f"stride {cfg.stride}, d_model {cfg.d_model}, n_heads {cfg.n_heads}"
            )
        self.conv1 = nn.Conv1d(
            cfg.n_features, cfg.d_model, cfg.kernel_size, padding=cfg.kernel_size // 2
        )
        self.conv2 = nn.Conv1d(
            cfg.d_model, cfg.d_model, cfg.stride + 1, stride=cfg.stride, padding=cfg.stride // 2
        )
        self.layers = nn.ModuleList(
            EncoderLayer(cfg, conditioned=i >= cfg.n_hearing_layers) for i in range(cfg.n_layers)
        )
        self.heard_norm = nn.LayerNorm(cfg.d_model)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(cfg.d_model, n * cfg.stride) for name, n in HEADS.items()}
        )
        self.note_bank = NoteBank(cfg)
        self.read_draft = nn.Linear(cfg.n_played * cfg.stride, cfg.d_model)
        self.style_encoder = StyleEncoder(cfg)
        self.read_style = nn.Linear(cfg.d_style, cfg.d_model)
        self.out_norm = nn.LayerNorm(cfg.d_model)
        self.out = nn.Linear(cfg.d_model, cfg.n_played * cfg.stride)
        nn.init.zeros_(self.out.weight)  # an untrained model plays the draft
        nn.init.zeros_(self.out.bias)
        self.register_buffer("mel_mean", torch.zeros(cfg.n_played))  # of carol log-mel, per band
        self.register_buffer("mel_std", torch.ones(cfg.n_played))

    def hear(self, features: Tensor, attention: list | None = None) -> Logits:
        """(B, F, C) -> logits (B, F, n). A list given as `attention` gets each layer's weights."""
        if features.ndim != 3 or features.shape[-1] != self.cfg.n_features:
            raise ValueError(
                f"expected features (B, F, {self.cfg.n_features}), found {tuple(features.shape)}; "
                "make them by kcarol.audio.features.Features"
            )
        x = F.gelu(self.conv1(features.transpose(1, 2)))
        x = F.gelu(self.conv2(x)).transpose(1, 2)  # (B, S, D)
        x = self._add_position(x)
        for layer in self.layers[: self.cfg.n_hearing_layers]:
            x, weights = layer(x, need_weights=attention is not None)
            if attention is not None:
                attention.append(weights)
        x = self.heard_norm(x)
        n_frames = features.shape[1]
        return Logits(*(self._to_frames(self.heads[name](x), n_frames).float() for name in HEADS))

    def play(
        self,
        notes: Sequence[Notes],
        n_frames: int,
        style: Tensor,
        table: Table | None = None,
        text: Sequence[Text] | None = None,
    ) -> Tensor:
        """Notes of B windows of F frames, and style (B, d_style) -> standardised log-mel of middle
        and side (B, F, 2 * n_bands).

        The draft of the note bank, which the Transformer layers correct. `table` and `text`: as of
        the bank, see there.
        """
        with torch.autocast(style.device.type, enabled=False):
            draft = self.standardise(self.note_bank(notes, n_frames, table, text).flatten(2))
        x = self.read_draft(self._to_steps(draft)) + self.read_style(style)[:, None]
        x = self._add_position(x)  # (B, S, D)
        for layer in self.layers[self.cfg.n_hearing_layers :]:
            x, _ = layer(x, style)
        return draft + self._to_frames(self.out(self.out_norm(x)), n_frames).float()

    def embed_style(self, log_mel: Tensor) -> Tensor:
        """Style of reference carols: log-mel (B, F, 2, n_bands) -> (B, d_style)."""
        return self.style_encoder(self.standardise(log_mel.flatten(2)))

    def forward(
        self, features: Tensor, notes: Sequence[Notes], style: Tensor
    ) -> tuple[Logits, Tensor]:
        """Both halves: what is heard in songs, and notes of as many frames as they are played."""
        return self.hear(features), self.play(notes, features.shape[1], style)

    def standardise(self, log_mel: Tensor) -> Tensor:
        """(..., n_played); what is softer than the note bank's floor counts as the floor."""
        return (log_mel.float().clamp_min(math.log(FLOOR)) - self.mel_mean) / self.mel_std

    def destandardise(self, standardised: Tensor) -> Tensor:
        return standardised.float() * self.mel_std + self.mel_mean

    def parameters_of(self, half: str) -> list[nn.Parameter]:
        """Parameters of the "hear" half or of the "play" half."""
        n = self.cfg.n_hearing_layers
        halves = {
            "hear": [self.conv1, self.conv2, *self.layers[:n], self.heard_norm, self.heads],
            "play": [
                *[self.note_bank, self.read_draft, self.style_encoder, self.read_style],
                *[*self.layers[n:], self.out_norm, self.out],
            ],
        }
        return [parameter for module in halves[half] for parameter in module.parameters()]

    def _add_position(self, x: Tensor) -> Tensor:
        """(B, S, D) plus positional encoding, from a random offset in training."""
        offset = int(torch.randint(self.cfg.max_random_offset, ()).item()) if self.training else 0
        return x + positional_encoding(x.shape[1], x.shape[2], offset, x.device).to(x.dtype)

    def _to_steps(self, x: Tensor) -> Tensor:
        """(B, F, n) -> (B, S, stride * n); the last frame is repeated to fill the last step."""
        missing = -x.shape[1] % self.cfg.stride
        if missing:
            x = torch.cat([x, x[:, -1:].expand(-1, missing, -1)], dim=1)
        return x.reshape(x.shape[0], -1, self.cfg.stride * x.shape[2])

    def _to_frames(self, x: Tensor, n_frames: int) -> Tensor:
        """(B, S, stride * n) -> (B, F, n)"""
        return x.reshape(x.shape[0], x.shape[1] * self.cfg.stride, -1)[:, :n_frames]


class EncoderLayer(nn.Module):
    """Pre-norm Transformer encoder layer; a style modulates its norms (FiLM, arXiv 1709.07871)."""

    def __init__(self, cfg: ModelConfig, conditioned: bool):
        super().__init__()
        self.n_heads = cfg.n_heads
        self.dropout = cfg.dropout
        self.norm1 = nn.LayerNorm(cfg.d_model)
        self.norm2 = nn.LayerNorm(cfg.d_model)
        self.qkv = nn.Linear(cfg.d_model, 3 * cfg.d_model)
        self.merge = nn.Linear(cfg.d_model, cfg.d_model)
        self.widen = nn.Linear(cfg.d_model, cfg.d_feedforward)
        self.narrow = nn.Linear(cfg.d_feedforward, cfg.d_model)
        self.film = nn.Linear(cfg.d_style, 4 * cfg.d_model) if conditioned else None

    def forward(
        self, x: Tensor, style: Tensor | None = None, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """(B, S, D) -> (B, S, D) and the attention weights (B, H, S, S), None unless needed."""
        normed = self.norm1(x)
        if self.film is not None:
            scale1, shift1, scale2, shift2 = self.film(style)[:, None].chunk(4, dim=-1)
            normed = normed * (1 + scale1) + shift1
        attended, weights = self.attend(normed, need_weights)
        x = x + F.dropout(attended, self.dropout, self.training)
        normed = self.norm2(x)
        if self.film is not None:
            normed = normed * (1 + scale2) + shift2
        wide = F.dropout(F.gelu(self.widen(normed)), self.dropout, self.training)
        return x + F.dropout(self.narrow(wide), self.dropout, self.training), weights

    def attend(self, x: Tensor, need_weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Multi-head self-attention of (B, S, D), without a mask."""
        b, s, d = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, self.n_heads, d // self.n_heads).permute(2, 0, 3, 1, 4)
        if need_weights or (self.training and x.device.type == "cpu"):
            # on CPU the fused kernel's backward took a fifth of a training step
            scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
            weights = torch.softmax(scores, dim=-1)
            mixed = weights.to(v.dtype) @ v
        else:
            weights = None
            mixed = F.scaled_dot_product_attention(q, k, v)
        return self.merge(mixed.transpose(1, 2).reshape(b, s, d)), weights


def positional_encoding(
    length: int, d_model: int, offset: int = 0, device: torch.device | None = None
) -> Tensor:
    """Sinusoids for any length, (length, D): Vaswani et al. 2017, section 3.5."""
    position = torch.arange(offset, offset + length, device=device, dtype=torch.float32)[:, None]
    even = torch.arange(0, d_model, 2, device=device, dtype=torch.float32)
    rate = torch.exp(even * (-math.log(10_000.0) / d_model))
    return torch.cat([torch.sin(position * rate), torch.cos(position * rate)], dim=1)[:, :d_model]
