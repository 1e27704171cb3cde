"""How the shipped networks are trained: which batches, which losses, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig, Config
from kcarol.dataset.shards import Shard
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import PairBatches, WaveBatches
from kcarol.training.discriminators import AdversarialLoss, Discriminators, SpectralLoss
from kcarol.training.loop import fit
from kcarol.training.losses import STAGES, ConverterLoss
from kcarol.vocoder.neural import NeuralVocoder

STATISTICS_ROWS = 64  # carols whose mean and deviation per band standardise the log-mel


def mel_statistics(groups: Iterable[Shard], cfg: AudioConfig) -> tuple[Tensor, Tensor]:
    """Mean and deviation (M,) of carol log-mel per band, over the first STATISTICS_ROWS carols."""
    log_mel, rows, mels = LogMel(cfg), 0, []
    for group in groups:
        mels.append(log_mel(torch.from_numpy(group.carol).float() / 32768).flatten(0, 1))
        rows += len(group.carol)
        if rows >= STATISTICS_ROWS:
            break
    mel = torch.cat(mels)
    return mel.mean(0), mel.std(0).clamp_min(0.5)


def train_converter(
    pool: PairBatches,
    statistics: tuple[Tensor, Tensor],
    cfg: Config,
    out: Path,
    resume: bool = False,
    device: str | None = None,
    validate=None,
    callbacks=(),
    max_s: float | None = None,
    start_from: Mapping[str, Tensor] | None = None,
    stage: str = "all",
) -> Path:
    """Train `MusicTransformer` on pairs; returns the checkpoint's path. `start_from`: weights to
    begin with.

    `stage`: "hear" and "play" train one half and leave the other as it is, for a third of the time;
    "all" both together.
    """
    torch.manual_seed(cfg.train.seed)
    module = MusicTransformer(cfg.model)
    module.mel_mean.copy_(statistics[0])
    module.mel_std.copy_(statistics[1])
    if start_from is not None:
        module.load_state_dict(start_from)
    for half in {"hear": ("play",), "play": ("hear",), "all": ()}[stage]:
        for parameter in module.parameters_of(half):
            parameter.requires_grad_(False)
    loss = ConverterLoss(cfg.audio, STAGES[stage])
    return fit(module, loss, pool, cfg.train, out, resume, device, validate, callbacks, max_s=max_s)


def train_vocoder(
    pool: WaveBatches,
    statistics: tuple[Tensor, Tensor],
    cfg: Config,
    out: Path,
    resume: bool = False,
    device: str | None = None,
    validate=None,
    callbacks=(),
    max_s: float | None = None,
    adversarial: bool = False,
    start_from: Mapping[str, Tensor] | None = None,
) -> Path:
    """Train `NeuralVocoder` on waves; `adversarial`: with discriminators, usually after a first run
    without.
    """
    torch.manual_seed(cfg.train.seed)
    module = NeuralVocoder(cfg.vocoder)
    module.standardise(*statistics)
    if start_from is not None:
        module.load_state_dict(start_from)
    spectral = SpectralLoss(cfg.audio)
    loss = AdversarialLoss(spectral, Discriminators()) if adversarial else spectral
    loss = loss.to(device or pool.device)
    return fit(module, loss, pool, cfg.train, out, resume, device, validate, callbacks, max_s=max_s)
