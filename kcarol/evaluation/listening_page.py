"""A page to listen to: players side by side, and the figures below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import write_text
from kcarol.config import AudioConfig
from kcarol.evaluation.metrics import FULL_RATE
from kcarol.evaluation.table import Table

# song, system, and a wave: (T,) at 16 kHz, or (2, T) at 44.1 kHz
Player = tuple[str, str, np.ndarray]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{font-family: sans-serif; margin: 1em}}
th, td {{padding: .3em; text-align: left}}
audio {{width: 14em}}
</style>
<h1>{title}</h1>
<table><tr>{head}</tr>{body}</table>
<h2>Figures</h2><pre>{figures}</pre></html>
"""


def write_listening_page(out_dir: Path, stem: str, players: Iterable[Player], table: Table) -> Path:
    """Writes `out_dir`/`stem`.html: a row for each song, a column for each system.

    The waves lie beside it as WAV. Give waves of one level, so that louder does not sound better.
    """
    links: dict[str, dict[str, str]] = {}
    for song, system, wave in players:
        folder = system.replace(" ", "-").replace("/", "-")
        path = Path("audio") / stem / folder / f"{song}.wav"
        rate = AudioConfig.sample_rate if wave.ndim == 1 else FULL_RATE
        save_audio(out_dir / path, wave / max(1.0, np.abs(wave).max()), rate)
        links.setdefault(song, {})[system] = path.as_posix()
    systems = list(dict.fromkeys(system for row in links.values() for system in row))
    page = PAGE.format(
        title=escape(table.title),
        head="".join(f"<th>{escape(name)}</th>" for name in ["song", *systems]),
        body="".join(_row(song, row, systems) for song, row in links.items()),
        figures=escape(table.to_markdown()),
    )
    write_text(out_dir / f"{stem}.html", page)
    return out_dir / f"{stem}.html"


def _row(song: str, links: Mapping[str, str], systems: Sequence[str]) -> str:
    cells = [f"<th>{escape(song)}</th>"]
    for system in systems:
        name, link = escape(f"{song}, {system}"), escape(links.get(system, ""))
        player = f'<audio controls preload="none" aria-label="{name}" src="{link}"></audio>'
        cells.append(f"<td>{player if link else ''}</td>")
    return f"<tr>{''.join(cells)}</tr>"
