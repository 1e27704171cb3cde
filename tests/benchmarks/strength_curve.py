"""What --strength trades off.

strength_curve.py REAL_DIR [--weights DIR] [--style NAME ...] [--out strength.png]

Converts all songs of REAL_DIR/pop to all styles at each strength and compares content (`chroma`)
with sound (`p_carol` and `style`), and says whether each of them is monotone. Strength 0 is the
song with the mean spectrum of the carol, and 1 is the carol.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from style_reference_pairs import chromas, waves_of

from kcarol.conversion.converter import Converter
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.evaluation import metrics
from kcarol.notebook import figures

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOLERANCE = 0.01  # smaller steps in the wrong direction still count as monotone


def curve(
    converter: Converter,
    songs: dict[str, np.ndarray],
    styles: Sequence[str],
    reference: metrics.StyleReference,
    strengths: tuple[float, ...] = STRENGTHS,
) -> list[dict[str, float]]:
    """One row of figures per strength, pooled over all songs and styles."""
    sources, rows = chromas(songs), []
    for strength in strengths:
        content, windows, crests = [], [], []
        for style in styles:
            outputs = {
                name: converter.mono_carol(wave, style, strength) for name, wave in songs.items()
            }
            matrix = metrics.chroma_matrix(chromas(outputs), sources)
            content.append((float(np.diag(matrix).mean()), metrics.retrieval(matrix)))
            prepared = [metrics.prepare(wave) for wave in outputs.values()]
            windows += [metrics.style_windows(wave) for wave in prepared]
            crests += [metrics.crest_db(wave) for wave in prepared]
        chroma, retrieval = np.mean(content, axis=0).tolist()
        heard = np.vstack(windows)
        sound = {
            "p_carol": reference.p_carol(heard),
            "style": reference.style(heard),
            "crest": float(np.mean(crests)),
        }
        rows.append({"strength": strength, "chroma": chroma, "retrieval": retrieval, **sound})
    return rows


def is_monotone(values: list[float], rising: bool, tolerance: float = TOLERANCE) -> bool:
    steps = np.diff(values) * (1 if rising else -1)
    return bool((steps >= -tolerance).all())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument(
        "--style", nargs="+", default=list(STYLE_NAMES), help="pooled (default: all)"
    )
    parser.add_argument("--heard-s", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="picture of the curve")
    args = parser.parse_args()
    reference = metrics.StyleReference.load(args.real / "style_reference.npz")
    rows = curve(
        Converter.load(args.weights),
        waves_of(args.real / "pop", args.heard_s),
        args.style,
        reference,
    )
    print("| " + " | ".join(rows[0]) + " |\n" + "|-" * len(rows[0]) + "|")
    for row in rows:
        print("| " + " | ".join(f"{value:.2f}" for value in row.values()) + " |")
    for name, rising in {"chroma": False, "p_carol": True, "style": False}.items():
        monotone = is_monotone([row[name] for row in rows], rising)
        goes = "rises" if rising else "falls"
        print(f"{name} {goes} all along: {'yes' if monotone else 'no'}")
    if args.out:
        columns = ([row[name] for row in rows] for name in ("strength", "chroma", "p_carol"))
        print(figures.save(figures.content_against_style(*columns), args.out))


if __name__ == "__main__":
    main()
