"""`Picture`: a matplotlib figure that describes itself in one line and shows itself in a notebook.

Drawn through `Figure` alone, without pyplot, so that no global state is touched. Line colours are
those of Okabe and Ito (2008), which colour-blind readers tell apart; lines also differ in dash or
marker.
"""

from __future__ import annotations

import base64
import html
import io
import textwrap
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image

from kcarol.audio.files import atomic_write

SCREEN_DPI = 80
PRINTED_COLUMNS = 96  # JupyterLab breaks longer lines in the middle of a word
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, BLACK = "#E69F00", "#56B4E9", "#F0E442", "#000000"
DASHES = ("-", "--", "-.", ":")
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, YELLOW, BLACK)
HANGUL_FONTS = (
    "Noto Sans CJK KR, Noto Sans KR, NanumGothic, Apple SD Gothic Neo, Malgun Gothic, UnDotum"
).split(", ")


class Picture(Figure):
    """A Figure with a one-line description, which is its alternative text in a notebook."""

    def __init__(self, description: str, size: tuple[float, float], layout="constrained"):
        """`size`: width and height in inches."""
        super().__init__(figsize=size, layout=layout)
        self.description = " ".join(description.split())

    def __repr__(self) -> str:
        return self.description

    def png(self, dpi: int = SCREEN_DPI, colours: int | None = None) -> bytes:
        """The bytes of a PNG file; `colours`: size of its palette, for a smaller one."""
        data = io.BytesIO()
        _print(self, data, "png", dpi)
        return small_png(Image.open(data), colours) if colours else data.getvalue()

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.png()).decode()
        return (
            f'<img alt="{html.escape(self.description)}" src="data:image/png;base64,{source}" '
            'style="max-width:100%;height:auto">'
        )


def save(picture: Picture, path: Path | str, dpi: int = 110, colours: int | None = None) -> Path:
    """Write .png, .svg or .pdf, whole or not at all; ValueError for other names.

    `colours`: size of a PNG's palette, for a smaller file.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("png", "svg", "pdf"):
        raise ValueError(
            f"{path}: expected a picture's name (.png, .svg or .pdf), found '{path.suffix}'"
        )
    with atomic_write(path) as temporary:
        if kind == "png":
            temporary.write_bytes(picture.png(dpi, colours))
        else:
            _print(picture, temporary, kind=kind, dpi=dpi)
    return path


def small_png(image: Image.Image, colours: int) -> bytes:
    """The bytes of a PNG file with a palette of so many colours, which rare ones share: the ends of
    a colour scale.
    """
    data = io.BytesIO()
    method = Image.Quantize.MAXCOVERAGE
    reduced = image.convert("RGB").quantize(colours, method, dither=Image.Dither.NONE)
    reduced.save(data, format="PNG", optimize=True)
    return data.getvalue()


def _print(picture: Picture, target: Path | io.BytesIO, kind: str, dpi: int) -> None:
    with warnings.catch_warnings():
        # a title in a script that no font here has is drawn as boxes
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        picture.savefig(target, format=kind, dpi=dpi)


@cache
def _title_fonts() -> list[str]:
    """matplotlib's own font, then one with Hangul if this machine has it."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in HANGUL_FONTS if name in installed][:1]]


def set_title(axes: Axes, title: str, **look) -> None:
    """A title that may be the name of any file, with a $ or in Hangul."""
    axes.set_title(title, parse_math=False, fontfamily=_title_fonts(), **look)


def draw_matrix(
    axes: Axes, rows: np.ndarray, extent: tuple[float, float, float, float], cmap: str, **limits
) -> AxesImage:
    """(F, N) with time to the right and N upwards; `limits`: vmin and vmax of the colours."""
    return axes.imshow(
        rows.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=extent,
        cmap=cmap,
        **limits,
    )


def show(picture: Picture) -> None:
    """Display a picture in a notebook, and print its description, for screen readers and tests."""
    from IPython.display import display

    print(in_lines(picture.description))
    display(picture)


def in_lines(text: str) -> str:
    """A text in lines of at most PRINTED_COLUMNS, unless a word is longer."""
    return textwrap.fill(text, PRINTED_COLUMNS, break_long_words=False, break_on_hyphens=False)
