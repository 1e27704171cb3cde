"""`MusicTransformer`: features of a song to the log-mel of its carol, by way of what a listener
would write down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kcarol.audio.features import shift_pitches
from kcarol.config import ModelConfig
from kcarol.model.content import N_CONTENT, N_PITCHES, Content

HEADS = {
    "tune": N_PITCHES + 1,
    "onset": 1,
    "chord": 12,
    "bass": 13,
    "beat": 1,
    "downbeat": 1,
    "accent": 1,
    "energy": 1,
}
IMPOSSIBLE = -20.0  # logarithm of a probability
LEAST_STYLE_FRAMES = 5  # fewer leave one step after both convolutions, which has no deviation


@dataclass(frozen=True)
class Logits:
    """Logits per frame, (B, F, n): tune with "no tune" last, bass with "no bass" last, the others
    independent.
    """

    tune: Tensor
    onset: Tensor
    chord: Tensor
    bass: Tensor
    beat: Tensor
    downbeat: Tensor
    accent: Tensor
    energy: Tensor

    def content(self, phase: Tensor, sharpness: float = 1.0) -> Content:
        """Posteriors as content; beat and bar `phase` (B, F, 4) are decided elsewhere. Larger
        `sharpness`: more decided.
        """

        def share(logits):
            return torch.sigmoid(logits.float() * sharpness)

        def choice(logits):
            return torch.softmax(logits.float() * sharpness, dim=-1)[..., :-1]

        return Content(
            tune=choice(self.tune),
            onset=share(self.onset),
            chord=share(self.chord),
            bass=choice(self.bass),
            phase=phase,
            accent=share(self.accent),
            energy=share(self.energy),
        )

    def transposed(self, semitones: int) -> Logits:
        """What would have been heard of the song moved by semitones; pitches of the tune that come
        in are all but impossible.
        """
        pitches, rest = F.log_softmax(self.tune, dim=-1).split((N_PITCHES, 1), dim=-1)
        moved = shift_pitches(pitches - IMPOSSIBLE, semitones) + IMPOSSIBLE
        bass, no_bass = self.bass.split((12, 1), dim=-1)
        return replace(
            self,
            tune=torch.cat([moved, rest], dim=-1),
            chord=self.chord.roll(semitones, dims=-1),
            bass=torch.cat([bass.roll(semitones, dims=-1), no_bass], dim=-1),
        )

    @classmethod
    def mean(cls, several: Sequence[Logits]) -> Logits:
        """The geometric mean of posteriors: that of the logits, those of classes made comparable
        first.
        """

        def of_classes(x, name):
            return F.log_softmax(x, dim=-1) if name in ("tune", "bass") else x

        def mean(name):
            return torch.stack([of_classes(getattr(heard, name), name) for heard in several]).mean(
                0
            )

        return cls(**{name: mean(name) for name in HEADS})


def positional_encoding(length: int, d_model: int, offset: int = 0, device=None) -> Tensor:
    """Sinusoids for the length at hand, (length, D): Vaswani et al. 2017, section 3.5. No largest
    length.
    """
    position = torch.arange(offset, offset + length, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(
        torch.arange(0, d_model, 2, device=device, dtype=torch.float32)
        * (-math.log(10_000.0) / d_model)
    )
    return torch.cat([torch.sin(position * rate), torch.cos(position * rate)], dim=1)[:, :d_model]


class EncoderLayer(nn.Module):
    """Pre-norm Transformer encoder layer whose norms can be steered by a style (FiLM, arXiv
    1709.07871).
    """

    def __init__(self, cfg: ModelConfig, steered: bool):
        super().__init__()
        self.n_heads, self.dropout = cfg.n_heads, cfg.dropout
        self.norm1, self.norm2 = nn.LayerNorm(cfg.d_model), nn.LayerNorm(cfg.d_model)
        self.qkv, self.merge = (
            nn.Linear(cfg.d_model, 3 * cfg.d_model),
            nn.Linear(cfg.d_model, cfg.d_model),
        )
        self.widen, self.narrow = (
            nn.Linear(cfg.d_model, cfg.d_feedforward),
            nn.Linear(cfg.d_feedforward, cfg.d_model),
        )
        self.film = nn.Linear(cfg.d_style, 4 * cfg.d_model) if steered else None

    def attend(self, x: Tensor, need_weights: bool = False) -> tuple[Tensor, Tensor | None]:
        """Self-attention of (B, S, D); the weights (B, H, S, S) only on request, since they cost
        memory.
        """
        b, s, d = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, self.n_heads, d // self.n_heads).permute(2, 0, 3, 1, 4)
        if need_weights or (self.training and x.device.type == "cpu"):
            # plain products: the fused kernel's backward took a fifth of a training step on CPU
            weights = torch.softmax(
                (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1]), dim=-1
            )
            mixed = weights.to(v.dtype) @ v
        else:
            weights, mixed = None, F.scaled_dot_product_attention(q, k, v)
        return self.merge(mixed.transpose(1, 2).reshape(b, s, d)), weights

    def forward(
        self, x: Tensor, style: Tensor | None = None, need_weights: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        a = self.norm1(x)
        if self.film is not None:
            scale1, shift1, scale2, shift2 = self.film(style)[:, None].chunk(4, dim=-1)
            a = a * (1 + scale1) + shift1
        attended, weights = self.attend(a, need_weights)
        x = x + F.dropout(attended, self.dropout, self.training)
        b = self.norm2(x)
        if self.film is not None:
            b = b * (1 + scale2) + shift2
        wide = F.dropout(F.gelu(self.widen(b)), self.dropout, self.training)
        return x + F.dropout(self.narrow(wide), self.dropout, self.training), weights


class StyleEncoder(nn.Module):
    """Sound of a carol as one vector: convolutions over standardised log-mel, then mean and
    deviation over time.
    """

    def __init__(self, cfg: ModelConfig):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv1d(cfg.n_mels, 128, 5, stride=2, padding=2),
                nn.Conv1d(128, 128, 5, stride=2, padding=2),
            ]
        )
        self.out = nn.Linear(2 * (128 + cfg.n_mels), cfg.d_style)

    def forward(self, standardised: Tensor) -> Tensor:
        """(B, F, M) -> (B, d_style). ValueError for fewer than LEAST_STYLE_FRAMES."""
        if standardised.shape[1] < LEAST_STYLE_FRAMES:
            raise ValueError(
                f"expected at least {LEAST_STYLE_FRAMES} frames of a reference, found {standardised.shape[1]}"
            )
        h = standardised.transpose(1, 2)
        flat = [h.mean(-1), h.std(-1)]
        for layer in self.layers:
            h = F.gelu(layer(h))
        return torch.tanh(self.out(torch.cat([*flat, h.mean(-1), h.std(-1)], dim=-1)))


class MusicTransformer(nn.Module):
    """Two Conv1d layers, positional encoding, six encoder layers with eight heads, a linear output.

    The first `n_hearing_layers` read the song and write down its `Content` through auxiliary heads;
    the remaining layers, steered by a style, play that content as log-mel. `forward` does both;
    `hear` and `play` are the two halves, so that a whole song's content can be made consistent in
    between.
    """

    def __init__(self, cfg: ModelConfig | None = None):
        super().__init__()
        cfg = cfg or ModelConfig()
        if cfg.stride % 2 or cfg.d_model % (2 * cfg.n_heads):
            raise ValueError(
                f"expected an even stride and a d_model that 2 * n_heads divides, found stride {cfg.stride}, "
                f"d_model {cfg.d_model}, n_heads {cfg.n_heads}"
            )
        self.cfg = cfg
        self.conv1 = nn.Conv1d(
            cfg.n_features, cfg.d_model, cfg.kernel_size, padding=cfg.kernel_size // 2
        )
        self.conv2 = nn.Conv1d(
            cfg.d_model, cfg.d_model, cfg.stride + 1, stride=cfg.stride, padding=cfg.stride // 2
        )
        self.layers = nn.ModuleList(
            EncoderLayer(cfg, steered=i >= cfg.n_hearing_layers) for i in range(cfg.n_layers)
        )
        self.heard_norm = nn.LayerNorm(cfg.d_model)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(cfg.d_model, n * cfg.stride) for name, n in HEADS.items()}
        )
        self.read_content = nn.Linear(N_CONTENT * cfg.stride, cfg.d_model)
        self.style_encoder = StyleEncoder(cfg)
        self.read_style = nn.Linear(cfg.d_style, cfg.d_model)
        self.out_norm = nn.LayerNorm(cfg.d_model)
        self.out = nn.Linear(cfg.d_model, cfg.n_mels * cfg.stride)
        self.register_buffer("mel_mean", torch.zeros(cfg.n_mels))  # of carol log-mel, per band
        self.register_buffer("mel_std", torch.ones(cfg.n_mels))

    def standardise(self, log_mel: Tensor) -> Tensor:
        return (log_mel.float() - self.mel_mean) / self.mel_std

    def destandardise(self, standardised: Tensor) -> Tensor:
        return standardised.float() * self.mel_std + self.mel_mean

    def _position(self, x: Tensor) -> Tensor:
        offset = int(torch.randint(self.cfg.max_random_offset, ()).item()) if self.training else 0
        return x + positional_encoding(x.shape[1], x.shape[2], offset, x.device).to(x.dtype)

    def _in_steps(self, x: Tensor) -> Tensor:
        """(B, F, n) -> (B, S, stride * n), S = ceil(F / stride): the last frame is repeated where F
        is odd.
        """
        missing = -x.shape[1] % self.cfg.stride
        if missing:
            x = torch.cat([x, x[:, -1:].expand(-1, missing, -1)], dim=1)
        return x.reshape(x.shape[0], -1, self.cfg.stride * x.shape[2])

    def _in_frames(self, x: Tensor, n_frames: int) -> Tensor:
        """(B, S, stride * n) -> (B, F, n)"""
        return x.reshape(x.shape[0], x.shape[1] * self.cfg.stride, -1)[:, :n_frames]

    def hear(self, features: Tensor, attention: list | None = None) -> Logits:
        """(B, F, C) -> logits of everything worth keeping, (B, F, n) each. `attention` collects the
        layers' weights.
        """
        if features.ndim != 3 or features.shape[-1] != self.cfg.n_features:
            raise ValueError(
                f"expected features (B, F, {self.cfg.n_features}), found {tuple(features.shape)}; "
                "make them by kcarol.audio.features.Features"
            )
        h = F.gelu(self.conv1(features.transpose(1, 2)))
        h = F.gelu(self.conv2(h)).transpose(1, 2)
        h = self._position(h)
        for layer in self.layers[: self.cfg.n_hearing_layers]:
            h, weights = layer(h, need_weights=attention is not None)
            if attention is not None:
                attention.append(weights)
        h = self.heard_norm(h)
        return Logits(
            **{
                name: self._in_frames(head(h), features.shape[1]).float()
                for name, head in self.heads.items()
            }
        )

    def play(self, content: Content, style: Tensor) -> Tensor:
        """Content (B, F, ...) and style (B, d_style) -> standardised log-mel (B, F, M)."""
        x = content.tensor()
        h = self.read_content(self._in_steps(x)) + self.read_style(style)[:, None]
        h = self._position(h)
        for layer in self.layers[self.cfg.n_hearing_layers :]:
            h, _ = layer(h, style)
        return self._in_frames(self.out(self.out_norm(h)), x.shape[1]).float()

    def embed_style(self, log_mel: Tensor) -> Tensor:
        """Style of reference carol log-mels: (B, F, M) -> (B, d_style)"""
        return self.style_encoder(self.standardise(log_mel))

    def forward(
        self,
        features: Tensor | None,
        style: Tensor | None,
        given: Content | None = None,
        own: bool = True,
        transposed: int = 0,
        tune_shift: int | Tensor = 0,
    ) -> tuple[Logits | None, Tensor | None, Tensor | None]:
        """Training's view of both halves: what was heard, the log-mel that plays it (`own`), the
        one that plays what is `given`.

        features (B, F, C), None: nothing is heard; style (B, d_style) or a reference carol's
        log-mel (B, F', M), None: nothing is played. `own` takes its beat and bar phase from
        `given`, since posteriors have none. `transposed`: how far the features were, taken back
        before playing. `tune_shift` (B,): octaves, in semitones, from the heard to the carol's
        register. Log-mels are standardised, (B, F, M).
        """
        heard = None if features is None else self.hear(features)
        if style is None:
            return heard, None, None
        style = self.embed_style(style) if style.ndim == 3 else style
        played_given = None if given is None else self.play(given, style)
        if heard is None or not own:
            return heard, None, played_given
        content = heard.content(given.phase).transposed(-transposed).tune_moved(tune_shift)
        return heard, self.play(content, style), played_given

    def parameters_of(self, half: str) -> list[nn.Parameter]:
        """Parameters of the "hear" half or of the "play" half."""
        n = self.cfg.n_hearing_layers
        hearing = [self.conv1, self.conv2, *self.layers[:n], self.heard_norm, self.heads]
        playing = [
            self.read_content,
            self.style_encoder,
            self.read_style,
            *self.layers[n:],
            self.out_norm,
            self.out,
        ]
        return [
            p for module in {"hear": hearing, "play": playing}[half] for p in module.parameters()
        ]
