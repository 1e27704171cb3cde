"""Figures of a network: its stages, positional encodings, attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import FancyBboxPatch

from kcarol.notebook.figures.picture import BLACK, BLUE, Picture

BOXES_PER_ROW = 4
HALF_WIDTH, HALF_HEIGHT = 0.35, 0.25  # of a box, in columns and rows


def architecture(stages: Sequence[tuple[str, str, str]], title: str = "") -> Picture:
    """A network as boxes from left to right: (name, work, shape of its output)."""
    if not stages:
        raise ValueError("expected at least one stage, found none")
    flow = " -> ".join(f"{name} {shape}" for name, _, shape in stages)
    n_rows = -(-len(stages) // BOXES_PER_ROW)
    figure = Picture(f"{title or 'model'}: {flow}", (11, 0.4 + 1.15 * n_rows), layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.5, BOXES_PER_ROW - 0.4), ylim=(0.5 - n_rows, 0.85))
    axes.set_axis_off()
    axes.text(-0.47, 0.68, title, fontsize=13, va="center")
    for number, stage in enumerate(stages):
        _draw_stage(axes, number % BOXES_PER_ROW - 0.12, -(number // BOXES_PER_ROW), stage)
    return figure


def _draw_stage(axes, x: float, y: float, stage: tuple[str, str, str]) -> None:
    """A box around (x, y), and the shape over the arrow that leaves it."""
    name, work, shape = stage
    box = FancyBboxPatch(
        (x - HALF_WIDTH, y - HALF_HEIGHT),
        2 * HALF_WIDTH,
        2 * HALF_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor="#e8f1f8",
        edgecolor=BLUE,
    )
    axes.add_patch(box)
    centred = {"ha": "center", "va": "center"}
    axes.text(x, y + 0.09, name, fontsize=12, fontweight="bold", **centred)
    axes.text(x, y - 0.11, work, fontsize=11, **centred)
    axes.text(x + 0.5, y + 0.33, shape, fontsize=10, family="monospace", **centred)
    arrow = {"arrowstyle": "->", "color": BLACK}
    axes.annotate("", (x + 0.99 - HALF_WIDTH, y), (x + HALF_WIDTH, y), arrowprops=arrow)


def positional_encodings(encodings: Mapping[str, np.ndarray]) -> Picture:
    """Positional encodings (S, D) by title, side by side on one scale of steps."""
    encodings = {title: np.asarray(values) for title, values in encodings.items()}
    parts = [f"{title} {len(values)} x {values.shape[1]}" for title, values in encodings.items()]
    description = f"positional encodings: {', '.join(parts)}"
    figure = Picture(description, (3.4 * len(encodings) + 0.8, 4))
    columns = figure.subplots(1, len(encodings), squeeze=False, sharey=True)[0]
    for axes, (title, values) in zip(columns, encodings.items(), strict=True):
        n_steps, n_dims = values.shape
        extent = (0, n_dims, n_steps, 0)
        image = axes.imshow(values, aspect="auto", cmap="cividis", vmin=-1, vmax=1, extent=extent)
        axes.set(title=title, xlabel="dimension")
    columns[0].set(ylabel="step", ylim=(max(map(len, encodings.values())), 0))
    figure.colorbar(image, ax=list(columns), label="value", pad=0.01)
    return figure


def attention(weights: Sequence[np.ndarray], step_s: float) -> Picture:
    """Attention (H, S, S) of each layer, a row of heads each: queries down, keys across."""
    weights = [np.asarray(layer) for layer in weights]
    if not weights or any(layer.ndim != 3 or layer.shape[1] != layer.shape[2] for layer in weights):
        raise ValueError(
            f"expected (H, S, S) for each layer, found {[layer.shape for layer in weights]}"
        )
    n_layers, n_heads, n_steps = len(weights), len(weights[0]), weights[0].shape[1]
    seconds = n_steps * step_s
    figure = Picture(
        f"attention of {n_layers} layers with {n_heads} heads "
        f"over {n_steps} steps, {seconds:.1f} s",
        (1.15 * n_heads + 0.8, 1.2 * n_layers + 0.6),
    )
    grid = figure.subplots(n_layers, n_heads, squeeze=False, sharex=True, sharey=True)
    for i, layer in enumerate(weights):
        for j, head in enumerate(layer):
            shown = np.sqrt(head / head.max())  # the root shows weak links beside strong ones
            extent = (0, seconds, seconds, 0)
            grid[i, j].imshow(shown, cmap="cividis", extent=extent, vmin=0, vmax=1)
            grid[i, j].tick_params(labelsize=8)
            grid[0, j].set_title(f"head {j + 1}", fontsize=10)
        grid[i, 0].set_ylabel(f"layer {i + 1}", fontsize=10)
    figure.supxlabel("listened to, s", fontsize=11)
    figure.supylabel("step, s", fontsize=11)
    return figure
