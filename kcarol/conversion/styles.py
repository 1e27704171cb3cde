"""Styles: who plays in a carol, and how it sounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from kcarol.arrangement.styles import STYLES

STYLE_NAMES = tuple("bells choir strings organ brass piano a_cappella orchestra".split())


@dataclass(frozen=True)
class Style:
    """The embedding conditions the model; the next three, (M,) over the bands of middle and side,
    set the post-filter.
    """

    embedding: Tensor  # (d_style,)
    texture: Tensor | None = None  # nats; None: the converter's
    balance: Tensor | None = None  # nats to add throughout; None: nothing
    stretch: Tensor | None = None  # factor; None: the configuration's
    arrangement: str | None = None  # name in STYLES; None: that of the nearest named style

    @classmethod
    def of(cls, style: Style | Tensor) -> Style:
        """The style itself, or one with this embedding (d_style,)."""
        return style if isinstance(style, Style) else cls(style)


AnyStyle = str | Path | Tensor | Style  # a name, a carol's sound file, an embedding, or a style


def nearest_arrangement(style: Style, named: Mapping[str, Style]) -> str:
    """Whose arrangement a style has: its own, or that of the named style with the nearest
    embedding; the first of STYLES if none of them is named.
    """
    if style.arrangement:
        return style.arrangement
    distances = {
        name: float(torch.dist(style.embedding, other.embedding))
        for name, other in named.items()
        if name in STYLES
    }
    return min(distances, key=distances.__getitem__, default=next(iter(STYLES)))
