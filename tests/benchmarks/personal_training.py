"""Does training on one carol bring unseen songs closer to it?

personal_training.py CAROL REAL_DIR, with REAL_DIR/carol as CAROL for each carol in it

Does what a user with a single carol file does: fine-tunes the shipped weights on that file. The
songs of REAL_DIR/pop, which training never sees, are converted before (with the carol as --style)
and after (with style `own`). Prints the distance of pooled timbre statistics to the carol,
`chroma`, `retrieval`, `crest`, and the minutes that training and conversion took.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from style_reference_pairs import SOUNDS, Timbre, chromas, waves_of

from kcarol.audio.decoding import load_audio
from kcarol.audio.files import save_state
from kcarol.conversion.converter import Converter
from kcarol.evaluation import metrics
from kcarol.training.fine_tuning import OWN, fine_tune, fine_tuning_schedule

MOST_CHROMA_LOST = 0.03


def figures(
    converter: Converter, style, songs: dict[str, np.ndarray], carol: np.ndarray, timbre: Timbre
) -> dict[str, float]:
    """Figures of all songs converted in one style; `distance` is to the carol's windows (W, 69)."""
    outputs = {name: converter.mono_carol(wave, style) for name, wave in songs.items()}
    matrix = metrics.chroma_matrix(chromas(outputs), chromas(songs))
    windows = np.vstack([timbre.windows(wave) for wave in outputs.values()])
    crest = np.mean([metrics.crest_db(metrics.prepare(wave)) for wave in outputs.values()])
    return {
        "distance": timbre.distance(windows, carol),
        "chroma": float(np.diag(matrix).mean()),
        "retrieval": metrics.retrieval(matrix),
        "crest": float(crest),
    }


def put_clip(path: Path, wave: np.ndarray, sample_rate: int) -> None:
    about = {"title": path.stem, "style": "carol", "sha256": "0" * 64, "settings": {}}
    save_state(path, {"wave": torch.from_numpy(wave), "sample_rate": sample_rate, **about})


def trained_on(
    carol: Path,
    base: Converter,
    weights: Path | None,
    out: Path,
    max_s: float | None,
    steps: int | None,
) -> Converter:
    """The weights that `kcarol train` makes from one carol file."""
    cfg = fine_tuning_schedule()
    cfg = cfg.with_train(steps=steps) if steps else cfg
    put_clip(
        out / "processed" / "carol" / f"{carol.stem}.pt", load_audio(carol), base.audio.sample_rate
    )
    limit = {} if max_s is None else {"max_s": max_s}
    return Converter.load(
        fine_tune(out / "processed", out / "run", cfg, base_weights=weights, **limit)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "carol", type=Path, help="a carol, or a folder of carols that are trained on one by one"
    )
    parser.add_argument("real", type=Path)
    parser.add_argument("--weights", type=Path, help="to start from (default: the shipped ones)")
    parser.add_argument("--heard-s", type=float, default=60.0, help="seconds of each song")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--max-s", type=float, help="seconds of training at most")
    args = parser.parse_args()
    torch.set_num_threads(min(2, torch.get_num_threads()))
    base, timbre, songs = (
        Converter.load(args.weights),
        Timbre(args.real),
        waves_of(args.real / "pop", args.heard_s),
    )
    carols = (
        sorted(p for p in args.carol.iterdir() if p.suffix in SOUNDS)
        if args.carol.is_dir()
        else [args.carol]
    )
    print("| carol | weights | distance | chroma | retrieval | crest | minutes |\n|-|-|-|-|-|-|-|")
    for path in carols:
        own = timbre.windows(load_audio(path, base.audio))
        rows = {"before": (figures(base, path, songs, own, timbre), 0.0)}
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            after = trained_on(path, base, args.weights, Path(folder), args.max_s, args.steps)
            minutes = (time.monotonic() - started) / 60
            rows["after"] = (figures(after, OWN, songs, own, timbre), minutes)
        for name, (row, minutes) in rows.items():
            cells = " | ".join(f"{value:.3f}" for value in row.values())
            print(f"| {path.stem} | {name} | {cells} | {minutes:.1f} |", flush=True)
        nearer = rows["after"][0]["distance"] < rows["before"][0]["distance"]
        kept = rows["after"][0]["chroma"] >= rows["before"][0]["chroma"] - MOST_CHROMA_LOST
        distance = "nearer" if nearer else "not nearer"
        print(f"{path.stem}: {distance}, chroma {'kept' if kept else 'lost'}", flush=True)


if __name__ == "__main__":
    main()
