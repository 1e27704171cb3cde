"""How near the rendered carol targets themselves are to recorded carols: target_style.py REFERENCE.npz [--songs N].

No network is in this: it measures the arranger, and so the ceiling of everything trained on it. One row a style, one pooled,
and the features that are farthest off.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kcarol import metrics
from kcarol.config import AudioConfig
from kcarol.corpus.carol import STYLES, render_carol
from kcarol.corpus.compose import draw_sheet
from kcarol.corpus.sheet import TimeGrid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path, help="style_reference.npz")
    parser.add_argument("--songs", type=int, default=4, help="held-out compositions a style (default 4)")
    parser.add_argument("--styles", nargs="+", default=["bells", "choir", "strings", "organ", "brass"])
    args = parser.parse_args()
    reference, rate, pooled = metrics.StyleReference.load(args.reference), AudioConfig().sample_rate, []
    print("| style | windows | style | p_carol | farthest |\n|-|-|-|-|-|")
    for number, name in enumerate(args.styles):
        rng = np.random.default_rng(number)
        sheets = [draw_sheet(rng, 35.0, validation=True) for _ in range(args.songs)]
        waves = [render_carol(sheet, TimeGrid.of(sheet), STYLES[name], rate) for sheet in sheets]
        windows = np.vstack([metrics.style_windows(metrics.prepare(wave)) for wave in waves])
        pooled.append(windows)
        print_row(name, windows, reference)
    print_row("pooled", np.vstack(pooled), reference)


def print_row(name: str, windows: np.ndarray, reference: metrics.StyleReference) -> None:
    far = ", ".join(f"{name} {z:+.1f}" for name, z in reference.farthest(windows)[:5])
    print(f"| {name} | {len(windows)} | {reference.style(windows):.2f} | {reference.p_carol(windows):.2f} | {far} |", flush=True)


if __name__ == "__main__":
    main()
