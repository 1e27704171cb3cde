"""Players over an engraved score that follows them: the bar that sounds is marked.

All is read from files by relative addresses. Where scripts do not run (a notebook that is opened
again and is not trusted) players and pages are still there, and a line says how to get the rest.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from kcarol.notebook.players import players

PAPER_HEIGHT_EM = 34
WITHOUT_SCRIPTS = "the score follows once this cell has run"
# the pages have rules of their own for lines
STYLE = """
[data-kcarol=paper] .measure { cursor: pointer; outline: none }
[data-kcarol=paper] .measure > rect { stroke: none !important; pointer-events: all }
[data-kcarol=paper] .measure:focus-visible > rect {
    stroke: #0072B2 !important; stroke-width: 3px; vector-effect: non-scaling-stroke }
"""


@dataclass(frozen=True)
class SoundingBar:
    """A bar of an engraved score, and when it begins in the song."""

    id: str  # of its element in the page's SVG
    label: str  # its number on paper
    start_s: float


def file_url(path: Path) -> str:
    """The address of a file as seen from the notebook, which runs in its own folder."""
    relative = os.path.relpath(path).replace(os.sep, "/")
    return PurePosixPath("/", relative).as_uri().removeprefix("file:///")  # quoted


def follower(
    sounds: Mapping[str, Path],
    pages: Sequence[Path],
    bars: Sequence[SoundingBar],
    captions: Mapping[str, str] | None = None,
) -> str:
    """HTML of players of `sounds` (files by label) and below them the pages of their score (SVG
    files); without pages, of the players alone.
    """
    row = players({name: file_url(path) for name, path in sounds.items()}, captions).page
    if not pages:
        return row
    pictures = "".join(
        f'<img src="{file_url(page)}" alt="score, page {number}" style="display:block;width:100%">'
        for number, page in enumerate(pages, start=1)
    )
    # in a script's text only "</" would end it
    times = json.dumps([asdict(bar) for bar in bars]).replace("</", "<\\/")
    return (
        f'<div data-kcarol="follower">{row}'
        f'<p><output data-kcarol="place" aria-live="off">{WITHOUT_SCRIPTS}</output></p>'
        f'<div data-kcarol="paper" style="max-height:{PAPER_HEIGHT_EM}em;overflow:auto;'
        f'background:white;color:black;border:1px solid #ccc">{pictures}</div>'
        f"<style>{STYLE}</style>"
        f'<script type="application/json">{times}</script><script>{_script()}</script></div>'
    )


@cache
def _script() -> str:
    return Path(__file__).with_name("follower.js").read_text(encoding="utf-8")


def downloads(files: Mapping[str, Path]) -> str:
    """HTML of a line of links that save files, by label."""
    links = "".join(
        f'<a href="{file_url(path)}" download="{html.escape(path.name)}" '
        f'style="margin-right:1.5em">{html.escape(label)}</a>'
        for label, path in files.items()
    )
    return f"<p>Save: {links}</p>"
