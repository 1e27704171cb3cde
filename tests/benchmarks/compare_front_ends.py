"""Compares input features for the converter on real songs.

compare_front_ends.py CORPUS_DIR [--real DIR]

For each front end the hearing half of the model is trained from scratch, for the same number of
steps on the same pairs. Only its heads are evaluated, without the playing half and the vocoder.
`chroma` correlates the posteriors of chord and tune with the chroma of the song, `note@1` looks up
the sung notes of the transcriptions in them, `tune` and `chord` are accuracies on held-out pairs.
Short runs rank front ends; they do not predict how good a long run becomes.
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kcarol.audio.decoding import load_audio
from kcarol.audio.features import Features, transpose_features
from kcarol.audio.log_mel import LogMel
from kcarol.config import TUNE_LOWEST, AudioConfig, ModelConfig
from kcarol.dataset.labels import unpack
from kcarol.dataset.pair_set import load_pair_set
from kcarol.dataset.shards import stored_shards
from kcarol.evaluation import metrics
from kcarol.model.content import N_PITCHES, Content
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import windows
from kcarol.training.losses import head_losses, transpose_targets

WINDOW_FRAMES, BATCH_SIZE = 256, 16


@dataclass(frozen=True)
class FrontEnd:
    name: str
    audio: AudioConfig = field(default_factory=AudioConfig)
    # further copies of the pitch bands, shifted by these harmonics (as in the HCQT)
    harmonics: tuple[float, ...] = ()
    # share of training windows whose extra log-mel stream is zeroed; None: no such stream
    log_mel_dropout: float | None = None
    pitch_bands: bool = True

    def __call__(self, wave: Tensor) -> Tensor:
        """(B, T) -> (B, F, C)"""
        whole = Features(self.audio)(wave)
        n = self.audio.n_pitch_bands
        parts = [whole if self.pitch_bands else whole[..., n:]]
        for harmonic in self.harmonics:
            shift = round(12 * np.log2(harmonic) * self.audio.bands_per_semitone)
            moved = torch.zeros_like(whole[..., :n])
            if shift > 0:
                moved[..., :-shift] = whole[..., shift:n]
            else:
                moved[..., -shift:] = whole[..., : n + shift]
            parts.append(moved)
        if self.log_mel_dropout is not None:
            parts.append((LogMel(self.audio)(wave) + 6) / 3)
        return torch.cat(parts, dim=-1)


def front_ends() -> list[FrontEnd]:
    base = AudioConfig()
    return [
        FrontEnd("whitened, 2 bands a semitone, 4096, ±1 octave (shipped)"),
        FrontEnd("1 band a semitone", replace(base, bands_per_semitone=1)),
        FrontEnd("3 bands a semitone", replace(base, bands_per_semitone=3)),
        FrontEnd("window 2048", replace(base, feature_n_fft=2048)),
        FrontEnd("window 8192", replace(base, feature_n_fft=8192)),
        FrontEnd("whitened over ±0.5 octave", replace(base, whiten_octaves=0.5)),
        FrontEnd("whitened over ±2 octaves", replace(base, whiten_octaves=2.0)),
        FrontEnd("with log-mel stream, dropped half of the time", log_mel_dropout=0.5),
        FrontEnd("log-mel and flux only", log_mel_dropout=0.0, pitch_bands=False),
        FrontEnd("with harmonics 1/2, 2, 3 stacked", harmonics=(0.5, 2, 3)),
    ]


def collect(groups, front_end: FrontEnd) -> tuple[Tensor, Tensor]:
    """Features (N, F, C) float16 and packed labels (N, F, N_PACKED) of all pairs."""
    features, labels = [], []
    for group in groups:
        with torch.no_grad():
            features.append(front_end(torch.from_numpy(group.pop).float() / 32768).half())
        labels.append(torch.from_numpy(group.labels))
    return torch.cat(features), torch.cat(labels)


def train(
    front_end: FrontEnd, features: Tensor, labels: Tensor, steps: int, seed: int
) -> MusicTransformer:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    module = MusicTransformer(ModelConfig(n_features=features.shape[-1]))
    adam = torch.optim.Adam(module.parameters_of("hear"), 6e-4, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 8e-4, steps, pct_start=0.15)
    # only plain pitch bands can be transposed by shifting them
    plain = front_end.pitch_bands and not front_end.harmonics
    for _ in range(steps):
        rows = torch.from_numpy(rng.integers(0, len(features), BATCH_SIZE))
        starts = torch.from_numpy(rng.integers(0, features.shape[1] - WINDOW_FRAMES, BATCH_SIZE))
        x, targets = (
            windows(features, rows, starts, WINDOW_FRAMES).float(),
            unpack(windows(labels, rows, starts, WINDOW_FRAMES)),
        )
        if plain and front_end.log_mel_dropout is None:
            semitones = int(rng.integers(-5, 6))
            x, targets = (
                transpose_features(x, semitones, front_end.audio),
                transpose_targets(targets, semitones),
            )
        if front_end.log_mel_dropout:
            drop = torch.from_numpy(rng.random(BATCH_SIZE) < front_end.log_mel_dropout)
            x[drop, :, -front_end.audio.n_mels :] = 0
        with torch.autocast("cpu", torch.bfloat16):
            losses = head_losses(module.hear(x), targets)
        loss = losses["chord"] + 0.5 * losses["tune"] + 0.5 * losses["onset"] + 0.3 * losses["bass"]
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters_of("hear"), 1.0)
        adam.step()
        schedule.step()
    return module.eval()


@torch.inference_mode()
def heard_chroma(module: MusicTransformer, front_end: FrontEnd, wave: np.ndarray) -> np.ndarray:
    """(T,) -> (12, F) posteriors of chord and tune by pitch class, at the frame rate of
    `metrics.chromagram`.
    """
    pieces = []
    for start in range(0, len(wave), WINDOW_FRAMES * 256):
        piece = torch.from_numpy(wave[start : start + WINDOW_FRAMES * 256])
        if len(piece) < 4096:
            break
        n = len(piece) // 256
        content: Content = module.hear(front_end(piece[None])[:, :n]).content(torch.zeros(1, n, 4))
        tune = torch.zeros(n, 12).index_add_(
            1, (torch.arange(N_PITCHES) + TUNE_LOWEST) % 12, content.tune[0]
        )
        pieces.append(content.chord[0] + tune)
    return torch.cat(pieces)[::2].T.numpy()


def score(
    module: MusicTransformer, front_end: FrontEnd, real: Path | None, held_out
) -> dict[str, float]:
    features, labels = held_out
    heard, targets = module.hear(features.float()), unpack(labels)
    sung = targets.tune < N_PITCHES
    row = {"tune": float((heard.tune[..., :-1].argmax(-1) == targets.tune)[sung].float().mean())}
    chord = targets.content.chord > 0
    row["chord"] = float(((heard.chord > 0) == chord)[chord.any(-1)].float().mean())
    chroma, notes = [], []
    for path in sorted((real / "pop").iterdir()) if real else []:
        if path.suffix not in (".mp3", ".ogg", ".wav"):
            continue
        wave = metrics.prepare(load_audio(path, duration_s=60))
        found, source = heard_chroma(module, front_end, wave), metrics.chromagram(wave)
        n = min(found.shape[1], source.shape[1])
        chroma.append(metrics.chroma_similarity(source[:, :n], found[:, :n]))
        if (transcription := path.with_name(path.stem + ".ultrastar.txt")).exists():
            notes.append(metrics.note_at_k(found, metrics.read_ultrastar(transcription), 1)["note"])
    return (
        row | {"chroma": float(np.mean(chroma)), "note@1": float(np.mean(notes))} if chroma else row
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--held-out", type=Path, default=Path("data/pairs"))
    parser.add_argument("--groups", type=int, default=120, help="groups of two pairs (default 120)")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    groups = list(itertools.islice(stored_shards(args.corpus), args.groups))
    if not groups:
        parser.error(
            f"{args.corpus}: expected training pairs, found none; "
            "render some: kcarol corpus --hours 1 --out DIR"
        )
    held_out = load_pair_set(args.held_out)
    print(
        "| front end | C | tune | chord | real chroma | real note@1 | minutes |\n|-|-|-|-|-|-|-|",
        flush=True,
    )
    for front_end in front_ends():
        started = time.monotonic()
        features, labels = collect(groups, front_end)
        module = train(front_end, features, labels, args.steps, args.seed)
        with torch.inference_mode():
            row = score(module, front_end, args.real, collect(held_out, front_end))
        cells = [f"{row[k]:.2f}" if k in row else "" for k in ("tune", "chord", "chroma", "note@1")]
        minutes = (time.monotonic() - started) / 60
        print(
            f"| {front_end.name} | {features.shape[-1]} | "
            + " | ".join(cells)
            + f" | {minutes:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
