"""A table of figures as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kcarol.audio.files import write_text


@dataclass
class Table:
    """Rows of figures, one for each system and sound.

    details: one row for each recording. settings: how the table was made.
    """

    title: str
    rows: list[dict]
    details: list[dict] = field(default_factory=list)
    settings: dict = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(key for row in self.rows for key in row))

    def find(self, system: str, sound: str | None = None) -> dict:
        """The row of a system and sound, or its first. KeyError names those there are."""
        for row in self.rows:
            if row["system"] == system and sound in (None, row.get("sound")):
                return row
        known = [(row["system"], row.get("sound")) for row in self.rows]
        raise KeyError(f"expected one of {known}, found {(system, sound)}")

    def joined(self, other: Table) -> Table:
        """Both tables under each other; cells that one does not have stay empty."""
        settings = {**self.settings, **other.settings}
        return Table(self.title, self.rows + other.rows, self.details + other.details, settings)

    def to_markdown(self, translate: Callable[[str], str] = str) -> str:
        """Names of columns and rows may be translated."""
        lines = [[translate(name) for name in self.columns], ["-"] * len(self.columns)]
        lines += [
            [translate(cell(row.get(column))) for column in self.columns] for row in self.rows
        ]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"

    def to_csv(self) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_plain(self.rows))
        return text.getvalue()

    def to_json(self) -> str:
        return json.dumps(_plain(vars(self)), indent=1, allow_nan=False) + "\n"

    def write(self, out_dir: Path | str, stem: str = "table") -> list[Path]:
        """Writes `stem`.json, .csv and .md in `out_dir`, each whole or not at all."""
        texts = {
            "json": self.to_json(),
            "csv": self.to_csv(),
            "md": f"# {self.title}\n\n{self.to_markdown()}",
        }
        paths = [Path(out_dir) / f"{stem}.{suffix}" for suffix in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            write_text(path, text)
        return paths


def mean_columns(rows: Sequence[Mapping], columns: Iterable[str]) -> dict[str, float]:
    """Each column's mean over the rows in which it is finite; NaN where it is in none."""
    means = {}
    for column in columns:
        values = np.array([row.get(column, np.nan) for row in rows], dtype=float)
        finite = values[np.isfinite(values)]
        means[column] = float(finite.mean()) if len(finite) else float("nan")
    return means


def cell(value) -> str:
    """A figure as a table shows it."""
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
