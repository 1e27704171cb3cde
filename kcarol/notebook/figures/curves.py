"""Curves: losses of a training run, and content against style."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from kcarol.notebook.figures.picture import BLUE, COLOURS, DASHES, GREEN, VERMILION, Picture

SMOOTHED_SHARE = 0.03  # of a curve's length
NOT_LOSSES = ("step", "learning_rate", "audio_s_per_s", "gradient")  # columns of a training log

Curves = Mapping[str, tuple[np.ndarray, np.ndarray]]  # steps (N,) and values (N,) by name


def losses(curves: Curves, title: str = "") -> Picture:
    """Loss curves, faint as they are and bold smoothed. ValueError without curves."""
    if not curves:
        raise ValueError("expected at least one curve, found none")
    last = int(max(steps[-1] for steps, _ in curves.values()))
    figure = Picture(f"curves of {', '.join(curves)} up to step {last}", (9, 5))
    axes = figure.subplots()
    for number, (name, (steps, values)) in enumerate(curves.items()):
        look = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": DASHES[(number + number // len(COLOURS)) % len(DASHES)],
        }
        axes.plot(steps, values, color=look["color"], alpha=0.3, linewidth=0.8)
        axes.plot(steps, smoothed(values), label=name, linewidth=1.8, **look)
    axes.set(xlabel="step, number", ylabel="loss, no unit", title=title)
    if all(np.min(values) > 0 for _, values in curves.values()):
        _set_log_scale(axes)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=10, ncols=2)
    return figure


def _set_log_scale(axes: Axes) -> None:
    """A logarithmic axis upwards, its numbers written out, as many as there is room for."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10) if high < 10 * low else (2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:.2g}")


def smoothed(values: Sequence[float], share: float = SMOOTHED_SHARE) -> np.ndarray:
    """Running mean of (N,) over about `share` of its length."""
    size = 2 * int(len(values) * share / 2) + 1
    # by numpy: SciPy's filters take half a second to import
    padded = np.pad(np.asarray(values, float), size // 2, mode="edge")
    return np.convolve(padded, np.full(size, 1 / size), "valid")


def read_losses(path: Path | str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Curves of a run's `log.csv` or `validation.csv`. ValueError if it is neither."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "step" not in rows[0]:
        raise ValueError(
            f"{path}: expected the CSV of a training run with a column step, found none: "
            "give its log.csv"
        )
    names = [name for name in rows[0] if name and name not in NOT_LOSSES]
    read = {name: [row for row in rows if row[name]] for name in names}
    return {
        name: (
            np.array([float(row["step"]) for row in filled]),
            np.array([float(row[name]) for row in filled]),
        )
        for name, filled in read.items()
        if filled
    }


def content_against_style(
    strengths: Sequence[float], content: Sequence[float], style: Sequence[float]
) -> Picture:
    """Content (chroma) and style (p_carol) against strength, and style against content; all of
    them without a unit, 0 to 1.
    """
    if not len(strengths) or not len(strengths) == len(content) == len(style):
        raise ValueError(
            "expected as many figures as strengths, "
            f"found {len(strengths)}, {len(content)}, {len(style)}"
        )
    figure = Picture(
        f"chroma and p_carol at {len(strengths)} strengths "
        f"from {strengths[0]:g} to {strengths[-1]:g}",
        (11, 4),
    )
    content_label = "content: correlation of the harmony with the song's"
    style_label = "style: probability of a carol"
    both, curve = figure.subplots(1, 2)
    both.plot(strengths, content, "o-", color=BLUE, label=content_label)
    both.plot(strengths, style, "s--", color=VERMILION, label=style_label)
    both.set(xlabel="strength: share of the carol", ylabel="content, style", xlim=(-0.03, 1.03))
    both.legend(fontsize=9)
    curve.plot(content, style, "o-", color=GREEN)
    offset = {"textcoords": "offset points", "xytext": (6, 6), "fontsize": 9}
    for point, strength in zip(zip(content, style, strict=True), strengths, strict=True):
        curve.annotate(f"{strength:g}", point, **offset)
    curve.set(xlabel=content_label, ylabel=style_label, title="numbers at the points: strength")
    for axes in (both, curve):
        axes.grid(alpha=0.3)
        axes.margins(0.1)
    return figure
