"""The page of an evaluation: each song in all systems side by side, and the figures below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from kcarol.config import AudioConfig
from kcarol.evaluation.metrics import FULL_RATE
from kcarol.evaluation.table import Table, cell
from kcarol.page.card import Card
from kcarol.page.language import ENGLISH, Language
from kcarol.page.page import Page, TableOfFigures, files_of, remove_page
from kcarol.page.sound import EXACT, Sound, slug, write_tracks

# by system, each (T,) at 16 kHz, or (2, T) at 44.1 kHz
Waves = Mapping[str, np.ndarray]
LEAD = "The same songs by each system, at one loudness, and how they measure."
CAPTIONS = {  # of systems and baselines
    "pop": "the song",
    "copy": "the song itself",
    "target": "the true carol",
    "eq": "the song with the carols' mean spectrum",
    "mean": "noise with the carols' mean spectrum",
    "wrong": "another song's carol",
    "oracle": "the true carol through the vocoder",
    "griffin-lim": "Griffin-Lim in the vocoder's place",
}
NAMES = ("on", "system", "sound", "group", "kind")  # columns that name a row


def write_listening_page(
    out_dir: Path,
    stem: str,
    songs: Iterable[tuple[str, Waves]],
    table: Table,
    lead: str = LEAD,
    language: Language = ENGLISH,
) -> Path:
    """Writes `out_dir`/`stem`.html: the table, and a card for each song. The sounds lie beside it
    without loss, those of an earlier evaluation are removed. `lead`: what is heard.
    """
    page = out_dir / f"{stem}.html"
    remove_page(page)
    cards = [
        _card(name, waves, files_of(page) / f"{number}-{slug(name)}", out_dir)
        for number, (name, waves) in enumerate(songs, start=1)
    ]
    return Page(table.title, [lead], cards, [_figures(table)]).write(page, language)


def _card(name: str, waves: Waves, folder: Path, out_dir: Path) -> Card:
    sounds = [
        Sound(
            system,
            np.array(np.atleast_2d(wave), np.float32),
            rate_of(wave),
            CAPTIONS.get(system, ""),
        )
        for system, wave in waves.items()
    ]
    return Card(name, write_tracks(sounds, folder, out_dir, EXACT))


def rate_of(wave: np.ndarray) -> int:
    """Hz, by the shape of a wave."""
    return AudioConfig.sample_rate if wave.ndim == 1 else FULL_RATE


def _figures(table: Table) -> TableOfFigures:
    columns = [name for name in table.columns if any(name in row for row in table.rows)]
    columns.sort(key=lambda name: name not in NAMES)
    rows = [[cell(row.get(column)) for column in columns] for row in table.rows]
    return TableOfFigures("Figures", columns, rows, sum(name in NAMES for name in columns))
