"""How the shipped networks are trained: which batches, which losses, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from kcarol.adversary import AdversarialLoss, Discriminators, SpectralLoss
from kcarol.config import Config
from kcarol.corpus.pool import Group, PairPool, WavePool
from kcarol.models import MusicTransformer
from kcarol.objective import ConverterLoss, as_float
from kcarol.spectral import LogMel
from kcarol.train import fit
from kcarol.vocoder import NeuralVocoder

STATISTICS_ROWS = 64  # carols whose mean and deviation per band standardise the log-mel
SILENCE = -11.0  # natural log; softer bands say nothing about the music


def mel_statistics(pool: PairPool) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M,) of carol log-mel per band, over the pool's first rows."""
    log_mel = LogMel(pool.cfg).to(pool.device)
    rows = min(STATISTICS_ROWS, pool.filled)
    mel = torch.cat([log_mel(as_float(pool.carol[i : i + 8])).flatten(0, 1) for i in range(0, rows, 8)])
    return mel.mean(0).cpu(), mel.std(0).clamp_min(0.5).cpu()


def converter_pool(groups: Iterable[Group], cfg: Config, capacity: int, device: str, wait: bool, least: int = 2) -> PairPool:
    return PairPool(groups, cfg.audio, capacity, cfg.train.batch_size, cfg.train.window_frames, cfg.train.seed, device, wait, least)


def train_converter(
    pool: PairPool, cfg: Config, out: Path, resume: bool = False, device: str | None = None, validate=None, callbacks=(),
    max_s: float | None = None, start_from: Mapping[str, Tensor] | None = None,
) -> Path:  # fmt: skip
    """Train `MusicTransformer` on a pool of pairs; returns the checkpoint's path."""
    torch.manual_seed(cfg.train.seed)
    module = MusicTransformer(cfg.model)
    mean, std = mel_statistics(pool)
    module.mel_mean.copy_(mean)
    module.mel_std.copy_(std)
    if start_from is not None:
        module.load_state_dict(start_from)
    loss = ConverterLoss(cfg.audio, device or pool.device)
    return fit(module, loss, pool, cfg.train, out, resume, device, validate, callbacks, max_s=max_s)


def train_vocoder(
    pool: PairPool, cfg: Config, out: Path, resume: bool = False, device: str | None = None, validate=None, callbacks=(),
    max_s: float | None = None, adversarial: bool = False, start_from: Mapping[str, Tensor] | None = None,
) -> Path:  # fmt: skip
    """Train `NeuralVocoder` on a pool's waves; `adversarial`: with discriminators, usually after a first run without."""
    torch.manual_seed(cfg.train.seed)
    module = NeuralVocoder(cfg.vocoder)
    module.standardise(*mel_statistics(pool))
    if start_from is not None:
        module.load_state_dict(start_from)
    spectral = SpectralLoss(cfg.audio)
    loss = AdversarialLoss(spectral, Discriminators()) if adversarial else spectral
    waves = WavePool(pool, cfg.train.batch_size, cfg.train.window_frames, seed=cfg.train.seed)
    return fit(module, loss.to(device or pool.device), waves, cfg.train, out, resume, device, validate, callbacks, max_s=max_s)


def vocoder_config(cfg: Config, **changes) -> Config:
    """The same run for the vocoder: many short windows, a smaller rate."""
    return replace(cfg, train=replace(cfg.train, batch_size=32, window_frames=64, learning_rate=5e-4, **changes))


def endless(first: int) -> Iterable[int]:
    """Seeds from `first` on, without end."""
    return itertools.count(first)
