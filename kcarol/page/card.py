"""Cards: a song on a page, with what is heard side by side and what there is to say about it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kcarol.audio.files import write_text
from kcarol.audio.loudness import BLOCK_STEP_S, SILENT_DB, Wave, step_powers
from kcarol.page.sound import Track

MOST_POINTS = 240  # of a curve
LOWEST_DB = -30.0  # of a curve, below the loudest of its card, as the page says
SMOOTHED_S = 1.0


@dataclass(frozen=True)
class Curve:
    """A level over time: `heights` from 0 to 1, at equal distances."""

    label: str
    heights: tuple[float, ...]

    @property
    def points(self) -> str:
        """As SVG draws them: x from 0 to 100, y down from 0 to 100."""
        last = max(1, len(self.heights) - 1)
        return " ".join(
            f"{100 * i / last:.1f},{100 * (1 - height):.1f}"
            for i, height in enumerate(self.heights)
        )


@dataclass(frozen=True)
class Card:
    """A song. `facts`: sentences; `made_of`: what it was made from, to know when it is outdated."""

    title: str
    tracks: tuple[Track, ...]
    facts: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    made_of: tuple = ()

    @property
    def seconds(self) -> float:
        return max(track.seconds for track in self.tracks)

    def save(self, path: Path) -> None:
        """As JSON, atomically."""
        write_text(path, json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Card | None:
        """A saved card; None if there is none, or another file."""
        try:
            found = json.loads(path.read_text("utf-8"))
            tracks = tuple(
                Track(**{**track, "picture_size": tuple(track["picture_size"])})
                for track in found.pop("tracks")
            )
            curves = tuple(Curve(x["label"], tuple(x["heights"])) for x in found.pop("curves"))
            facts = tuple(found.pop("facts"))
            made_of = tuple(map(tuple, found.pop("made_of")))
            return cls(found["title"], tracks, facts, curves, made_of)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def level_curves(waves: dict[str, tuple[Wave, int]]) -> tuple[Curve, ...]:
    """Of waves (C, T) with their rates in Hz, by label: loudness over time, on one scale."""
    levels = {label: _levels_db(wave, rate) for label, (wave, rate) in waves.items()}
    top_db = max([SILENT_DB - LOWEST_DB, *(level_db.max() for level_db in levels.values())])
    return tuple(
        Curve(label, tuple(np.round((1 - (top_db - x) / -LOWEST_DB).clip(0, 1), 3).tolist()))
        for label, x in levels.items()
    )


def _levels_db(wave: Wave, rate: int) -> np.ndarray:
    """(C, T) -> at most MOST_POINTS levels, smoothed over SMOOTHED_S or the time between two."""
    powers = step_powers(wave, rate)
    if not len(powers):
        return np.full(2, SILENT_DB)
    places = np.linspace(0, len(powers), min(MOST_POINTS, len(powers)) + 1)
    reach = max(1, round(max(SMOOTHED_S / BLOCK_STEP_S, places[1]) / 2))
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    middles = (places[:-1] + places[1:]) / 2
    low = (middles - reach).round().astype(int).clip(0, len(powers) - 1)
    high = np.maximum((middles + reach).round().astype(int).clip(0, len(powers)), low + 1)
    return 10 * np.log10((sums[high] - sums[low]).clip(0) / (high - low) + 1e-12)
