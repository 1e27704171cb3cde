"""A score as files beside the notebooks: pages to be seen, and what other programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import write_text
from kcarol.config import install_command
from kcarol.notebook.workbench.follower import SoundingBar
from kcarol.score.engraving import svg_pages, time_map
from kcarol.score.errors import ScoreError
from kcarol.score.files import write_score
from kcarol.score.musicxml.writing import musicxml_of
from kcarol.score.score import Score

if TYPE_CHECKING:
    from PIL import Image

SAVED = {"MIDI": ".mid", "MusicXML": ".musicxml", "PDF": ".pdf"}


@dataclass(frozen=True)
class Sheets:
    """Pages of a score, when its bars sound, and its files by label; all empty without a score."""

    pages: tuple[Path, ...] = ()  # SVG
    bars: tuple[SoundingBar, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    missing: str = ""  # why there are none, in one line


def write_sheets(score: Score, folder: Path, name: str) -> Sheets:
    """Write a score's pages and files into a folder, each file called `name`.

    Without the packages that engrave there are none, and `missing` says what to install.
    """
    try:
        pages, bars = engraved(score)
        files = {label: folder / f"{name}{ending}" for label, ending in SAVED.items()}
        for path in files.values():
            write_score(score, path)
    except (ImportError, ScoreError) as error:
        return Sheets(missing=f"no score: {error}; {install_command('notebooks')} has it")
    paths = [folder / f"{name}.{number}.svg" for number in range(1, len(pages) + 1)]
    for path, page in zip(paths, pages, strict=True):
        write_text(path, page)
    return Sheets(tuple(paths), bars, files)


def engraved(score: Score) -> tuple[list[str], tuple[SoundingBar, ...]]:
    """A score's pages as SVG, and when the bars on them sound."""
    text = musicxml_of(score)
    numbers = re.findall(r'<measure [^>]*?number="([^"]*)"', text)
    bars = [
        SoundingBar(bar.measure_id, number, round(bar.start_s, 3))
        for bar, number in zip(time_map(text, score), numbers, strict=True)
    ]
    return svg_pages(text), tuple(bars)


def upper_page(pdf: Path, scale: float, share: float) -> Image.Image:
    """The upper `share` of a PDF's first page, drawn with `scale` pixels a point, in grey."""
    from pypdfium2 import PdfDocument

    with PdfDocument(pdf) as document:
        page = document[0].render(scale=scale, grayscale=True).to_pil()
    return page.crop((0, 0, page.width, round(share * page.height)))
