"""Styles: how a carol sounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

STYLE_NAMES = ("bells", "choir", "strings", "organ", "brass", "piano")


@dataclass(frozen=True)
class Style:
    """The embedding conditions the model; the others, (M,) over mel bands, set the post-filter."""

    embedding: Tensor  # (d_style,)
    texture: Tensor | None = None  # nats; None: the converter's
    balance: Tensor | None = None  # nats to add throughout; None: nothing
    stretch: Tensor | None = None  # factor; None: the configuration's

    @classmethod
    def of(cls, style: Style | Tensor) -> Style:
        """The style itself, or one with this embedding (d_style,)."""
        return style if isinstance(style, Style) else cls(style)


AnyStyle = str | Path | Tensor | Style  # a name, a carol's sound file, an embedding, or a style
