"""Short training runs that several test files share."""

import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kcarol.config import AudioConfig, TrainConfig, VocoderConfig
from kcarol.dataset.carols import CarolRows
from kcarol.model.notes import Notes
from kcarol.training.loop import fit
from kcarol.training.losses import AdversarialLoss, SpectralLoss
from kcarol.vocoder.discriminators import Discriminators
from kcarol.vocoder.neural import NeuralVocoder

RATE = AudioConfig.sample_rate
CFG = TrainConfig(
    steps=20,
    batch_size=4,
    learning_rate=1e-2,
    warmup_steps=3,
    precision="fp32",
    log_every=1,
    picture_every=10,
    save_every=10,
)


class Lines:
    """Batches of a linear law with noise, by number alone."""

    batch_seconds = 2.0

    def __init__(self, seed=0, rows=4):
        self.seed, self.rows = seed, rows

    def batch(self, step, rank=0, world=1):
        rng = np.random.default_rng([self.seed, step])
        x = torch.from_numpy(rng.normal(size=(self.rows, 6)).astype(np.float32))
        y = x.sum(1, keepdim=True) + 0.1 * torch.from_numpy(
            rng.normal(size=(self.rows, 1)).astype(np.float32)
        )
        part = slice(rank * self.rows // world, (rank + 1) * self.rows // world)
        return {"x": x[part], "y": y[part], "name": "line"}


def squares(module, batch):
    error = (module(batch["x"]) - batch["y"]).float()
    return {"loss": error.square().mean(), "absolute": error.abs().mean()}


def net(dropout=0.0, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 1))


def train(module, loss_fn, cfg, out, **options):
    return fit(
        module,
        loss_fn,
        options.pop("loader", Lines()),
        cfg,
        out,
        device="cpu",
        **{"quiet": True, **options},
    )


def rows_of(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def losses_of(out):
    return [float(row["loss"]) for row in rows_of(out / "log.csv")]


def same(a, b):
    """Nested equality to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def interrupt_at(loss_fn, call, error=KeyboardInterrupt):
    """The loss, raising at its call number `call`, from 0."""
    calls = []

    def wrapped(module, batch):
        calls.append(1)
        if len(calls) == call + 1:
            raise error
        return loss_fn(module, batch)

    return wrapped


class Waves:
    def __init__(self, n_samples=256 * 15):
        self.n_samples = n_samples

    def batch(self, step, rank=0, world=1):
        rng = np.random.default_rng([step, rank])
        return {
            "wave": torch.from_numpy(0.1 * rng.normal(size=(2, self.n_samples)).astype(np.float32))
        }


def adversarial(cfg, out, seed, **options):
    torch.manual_seed(seed)
    vocoder = NeuralVocoder(VocoderConfig.smoke())
    loss_fn = AdversarialLoss(
        SpectralLoss(AudioConfig()), Discriminators(4, periods=(2, 3), resolutions=(512,))
    )
    return train(vocoder, loss_fn, cfg, out, loader=Waves(), **options), loss_fn


class Unused(nn.Module):
    """With a parameter that only the second process uses, and one that neither does."""

    def __init__(self, rank):
        super().__init__()
        self.rank, self.line = rank, nn.Linear(6, 1)
        self.second, self.neither = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.line(x) * (self.second if self.rank else 1)


class Noted(Lines):
    """Lines that write down which rows each process was given."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def batch(self, step, rank=0, world=1):
        part = super().batch(step, rank, world)
        with self.path.open("a") as file:
            file.writelines(f"{step} {row[0]!r}\n" for row in part["x"].tolist())
        return part


def bells(length_s=4.0, seed=0):
    """Struck tones, two a second, (T,)."""
    rng, time_s = np.random.default_rng(seed), np.arange(RATE) / RATE
    wave = np.zeros(round(length_s * RATE) + RATE)
    for i in range(int(2 * length_s)):
        hz = 440 * 2 ** ((rng.choice([60, 64, 67, 72]) - 69) / 12)
        wave[i * RATE // 2 :][:RATE] += 0.3 * np.sin(2 * np.pi * hz * time_s) * np.exp(-5 * time_s)
    return wave[: round(length_s * RATE)].astype(np.float32)


def random_carols(n=2, n_frames=300, seed=5):
    """Rows of noise under a scale."""
    rng = torch.Generator().manual_seed(seed)
    log_mel = torch.randn(n, n_frames, 2, AudioConfig().n_bands, generator=rng) - 3
    starts = torch.arange(5, n_frames, 6.0)
    columns = [torch.full_like(starts, 15), starts % 30 + 60, -starts / 99, starts, starts + 5]
    return CarolRows([Notes.of_tensor(torch.stack(columns, dim=1))] * n, log_mel.half())
