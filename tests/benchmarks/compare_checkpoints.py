"""Compares training checkpoints on real songs.

compare_checkpoints.py REAL_DIR CHECKPOINT [CHECKPOINT ...]

A checkpoint is the checkpoint.pt of a run or a converter.safetensors. REAL_DIR holds pop/, carol/
and style_reference.npz. Prints one row per checkpoint, with content (chroma, retrieval, notes)
beside sound (p_carol, style, crest), since neither is enough alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import torch

from kcarol.config import Config, VocoderConfig
from kcarol.conversion.converter import Converter
from kcarol.dataset.pair_set import read_pairs
from kcarol.evaluation.real import evaluate_real
from kcarol.model.transformer import MusicTransformer
from kcarol.training.checkpoint import load_model_state
from kcarol.vocoder.griffin_lim import GriffinLim
from kcarol.vocoder.neural import NeuralVocoder

COLUMNS = (
    "retrieval",
    "chroma",
    "note@1",
    "shift@1",
    "const@1",
    "note@3",
    "shift@3",
    "const@3",
    "triad",
    "onset",
    "beat_f",
    "p_carol",
    "style",
    "crest",
    "attack",
    "loudness",
    "length",
    "seam",
)


def load_vocoder(path: Path | None):
    if path is None:
        return GriffinLim()
    if path.suffix == ".safetensors":
        return NeuralVocoder.load(path)
    state = torch.load(path, map_location="cpu", weights_only=True)["ema"]
    layers = 1 + max(int(k.split(".")[1]) for k in state if k.startswith("blocks."))
    width, wide = state["embed.weight"].shape[0], state["blocks.0.widen.weight"].shape[0]
    vocoder = NeuralVocoder(VocoderConfig(d_model=width, d_feedforward=wide, n_layers=layers))
    load_model_state(path, vocoder)
    return vocoder


def load_converter(path: Path, vocoder, pairs: Path) -> Converter:
    if path.suffix == ".safetensors":
        return Converter.load(path).with_vocoder(vocoder)
    model = MusicTransformer(Config().model)
    print(path, "step", load_model_state(path, model))
    converter = Converter(model, vocoder, {}, Config().train.window_frames)
    styles: dict[str, list] = {}
    for pair in read_pairs(pairs):
        styles.setdefault(pair["style"], []).append(converter.embed_style(pair["carol"]))
    means = {name: torch.stack(vectors).mean(0) for name, vectors in styles.items()}
    return converter.with_styles(means)


def joins(converter: Converter, n_samples: int) -> list[float]:
    """Times in seconds at which the windows of a conversion meet."""
    spans = converter.windows.spans(converter.audio.n_frames(n_samples))
    return [start / converter.audio.frame_rate for start, _ in spans[1:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument(
        "--vocoder", type=Path, help="checkpoint or safetensors (default: Griffin-Lim)"
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        default=Path("data/pairs"),
        help="held-out pairs that the style embeddings are taken from",
    )
    parser.add_argument("--styles", nargs="+", default=["bells"])
    parser.add_argument(
        "--demo",
        type=Path,
        default=Path("data/raw/kpop"),
        help="folder of distractors for retrieval",
    )
    parser.add_argument("--songs", action="store_true", help="also print a row per song")
    parser.add_argument("--out", type=Path, help="folder for the audio and a listening page")
    args = parser.parse_args()
    vocoder, seconds = load_vocoder(args.vocoder), []
    distractors = sorted(p for p in args.demo.glob("*.*") if p.suffix in (".mp3", ".ogg"))
    print("| checkpoint | sound | " + " | ".join(COLUMNS) + " |")
    with tempfile.TemporaryDirectory() as cache:  # shared: each song is analysed once
        for path in args.checkpoints:
            started = time.monotonic()
            converter = load_converter(path, vocoder, args.pairs)
            out = args.out / path.parent.name if args.out else None
            joins_s = partial(joins, converter)
            table = evaluate_real(
                converter.convert,
                args.real,
                distractors,
                False,
                out,
                styles=args.styles,
                joins_s=joins_s,
                cache_dir=Path(cache),
            )
            for row in [*table.rows, *(detail for detail in table.details if args.songs)]:
                cells = [f"{row[c]:.2f}" if row.get(c) is not None else "" for c in COLUMNS]
                print(
                    f"| {path.parent.name} | {row.get('name', row['sound'])} | "
                    + " | ".join(cells)
                    + " |",
                    flush=True,
                )
            seconds.append(time.monotonic() - started)
    print(
        f"{len(seconds)} checkpoints, {sum(seconds):.0f} s: "
        + ", ".join(f"{s:.0f}" for s in seconds)
    )


if __name__ == "__main__":
    main()
