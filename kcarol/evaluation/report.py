"""What an evaluation leaves behind: a table as JSON, CSV and Markdown, and a page to listen to."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import write_text
from kcarol.config import AudioConfig


@dataclass
class Table:
    """Rows of figures, one per system and sound; `details` has one per recording, `settings` says
    how it was made.
    """

    title: str
    rows: list[dict]
    details: list[dict] = field(default_factory=list)
    settings: dict = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(key for row in self.rows for key in row))

    def find(self, system: str, sound: str | None = None) -> dict:
        """The row of a system (its first, or that of a sound). KeyError names what there is."""
        for row in self.rows:
            if row["system"] == system and sound in (None, row.get("sound")):
                return row
        known = [(row["system"], row.get("sound")) for row in self.rows]
        raise KeyError(f"expected one of {known}, found {(system, sound)}")

    def joined(self, other: Table) -> Table:
        """Both tables under each other; cells that one does not have stay empty."""
        settings = {**self.settings, **other.settings}
        return Table(self.title, self.rows + other.rows, self.details + other.details, settings)

    def to_markdown(self) -> str:
        lines = [self.columns, ["-"] * len(self.columns)]
        lines += [[_cell(row.get(column)) for column in self.columns] for row in self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"

    def to_csv(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_plain(self.rows))
        return text.getvalue()

    def to_json(self) -> str:
        parts = {
            "title": self.title,
            "settings": self.settings,
            "rows": self.rows,
            "details": self.details,
        }
        return json.dumps(_plain(parts), indent=1, allow_nan=False) + "\n"

    def write(self, out_dir: Path | str, stem: str = "table") -> list[Path]:
        """`stem`.json, .csv and .md in `out_dir`, each written whole or not at all."""
        texts = {
            "json": self.to_json(),
            "csv": self.to_csv(),
            "md": f"# {self.title}\n\n{self.to_markdown()}",
        }
        return [
            _write_text(Path(out_dir) / f"{stem}.{suffix}", text) for suffix, text in texts.items()
        ]


def _cell(value) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _plain(value):
    """For JSON and CSV: plain Python, None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _write_text(path: Path, text: str) -> Path:
    write_text(path, text)
    return path


Player = tuple[str, str, np.ndarray]  # song, system, wave (T,) at 16 kHz


def write_listening_page(out_dir: Path, stem: str, players: Sequence[Player], table: Table) -> Path:
    """`out_dir`/`stem`.html: a row of players for each song, a column for each system; audio beside
    it as WAV, rms .1.

    Give waves of one level, so that louder does not sound better.
    """
    links: dict[str, dict[str, str]] = {}
    for song, label, wave in players:
        path = Path("audio") / stem / label.replace(" ", "-").replace("/", "-") / f"{song}.wav"
        (out_dir / path).parent.mkdir(parents=True, exist_ok=True)
        save_audio(out_dir / path, wave / max(1.0, np.abs(wave).max()), AudioConfig.sample_rate)
        links.setdefault(song, {})[label] = path.as_posix()
    labels = list(dict.fromkeys(label for found in links.values() for label in found))
    head = "".join(f"<th>{html.escape(label)}</th>" for label in ["song", *labels])
    body = "".join(_player_row(song, found, labels) for song, found in links.items())
    figures = html.escape(table.to_markdown())
    title = html.escape(table.title)
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;margin:1em}}th,td{{padding:.3em;text-align:left}}audio{{width:14em}}</style>
<h1>{title}</h1><table><tr>{head}</tr>{body}</table><h2>Figures</h2><pre>{figures}</pre></html>
"""
    return _write_text(out_dir / f"{stem}.html", page)


def _player_row(song: str, found: Mapping[str, str], labels: Sequence[str]) -> str:
    cells = [f"<th>{html.escape(song)}</th>"]
    for label in labels:
        name = html.escape(f"{song}, {label}", quote=True)
        link = html.escape(found.get(label, ""), quote=True)
        player = (
            f'<audio controls preload="none" aria-label="{name}" src="{link}"></audio>'
            if link
            else ""
        )
        cells.append(f"<td>{player}</td>")
    return f"<tr>{''.join(cells)}</tr>"
