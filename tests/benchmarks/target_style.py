"""How good the rendered target carols themselves are.

target_style.py REFERENCE.npz [--songs N] [--styles ...] [--cache DIR]

No network is involved: this measures the arranger, the upper bound for everything trained on it.
Prints one row per style and one pooled, with the features that are farthest off. `onset` and
`chroma` compare the carol with the pop render of the same lead sheet, on one time grid; `note@1`
looks up the tune of the lead sheet in the carol. `--cache` keeps what is compared of the pop
renders. Changes to the carol arranger do not affect it; empty it when the composer or the pop side
changes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from kcarol.arrangement.styles import STYLES, CarolStyle
from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.pop.arrange import PopArrangement, arrange_pop
from kcarol.corpus.arrangement.realised_sheet import as_played
from kcarol.corpus.dataset.carol_record import render_carol
from kcarol.corpus.dataset.pop_record import render_pop
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.synthesis.render import VALIDATION_SOUNDFONT
from kcarol.evaluation import metrics
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid

RATE = AudioConfig().sample_rate
LENGTH_S = 35.0
# `style` compares distributions and needs several styles together
POOLED = ("bells", "choir", "strings", "organ", "brass")
FIGURES = ("crest", "attack", "onset", "chroma", "note@1")


@dataclass(frozen=True)
class Song:
    """A held-out sheet with what is compared of its pop render."""

    sheet: LeadSheet
    grid: TimeGrid
    chroma: np.ndarray  # (12, F) of the pop render
    onset: np.ndarray  # (F,) onset strength of the pop render


def pop_of(arrangement: PopArrangement, grid: TimeGrid, rng: np.random.Generator) -> np.ndarray:
    """The pop render (T,), with its remaining random choices drawn from `rng`."""
    return render_pop(arrangement, grid.length_s, RATE, VALIDATION_SOUNDFONT, rng)


def songs_of(number: int, n_songs: int, cache: Path | None) -> list[Song]:
    """The held-out songs for the style of this number, the same at each call."""
    rng, songs = np.random.default_rng(number), []
    for i in range(n_songs):
        sheet = draw_sheet(rng, LENGTH_S, validation=True)
        grid, path = TimeGrid.of(sheet), cache and cache / f"pop-{number}-{i}.npz"
        own = np.random.default_rng((number, i))
        arrangement = arrange_pop(sheet, grid, own)
        if path and path.is_file():
            with np.load(path) as kept:
                chroma, onset = kept["chroma"], kept["onset"]
        else:
            pop = metrics.prepare(pop_of(arrangement, grid, own))
            chroma, onset = metrics.chromagram(pop), metrics.onset_envelope(pop)
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez(path.with_suffix(".part.npz"), chroma=chroma, onset=onset)
                os.replace(path.with_suffix(".part.npz"), path)
        songs.append(Song(as_played(sheet, arrangement, grid), grid, chroma, onset))
    return songs


def sung_notes(song: Song) -> list[metrics.SungNote]:
    spans = [
        (float(song.grid.time_s(n.start)), float(song.grid.time_s(n.end)), n.pitch)
        for n in song.sheet.notes
    ]
    return [metrics.SungNote(begin, end - begin, pitch) for begin, end, pitch in spans]


def measure(
    song: Song, style: CarolStyle, render: Callable = render_carol
) -> tuple[np.ndarray, np.ndarray]:
    """The style windows (W, 69) of a carol, and its FIGURES (5,)."""
    wave = metrics.prepare(render(song.sheet, song.grid, style, RATE))
    onset, chroma = metrics.onset_envelope(wave), metrics.chromagram(wave)
    figures = np.array(
        [
            metrics.crest_db(wave),
            metrics.attack(onset),
            metrics.onset_correlation(song.onset, onset),
            metrics.chroma_similarity(song.chroma, chroma),
            metrics.note_at_k(chroma, sung_notes(song), 1)["note"],
        ]
    )
    return metrics.style_windows(wave), figures


def measure_style(name: str, n_songs: int, cache: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """The style windows (W, 69) of all songs in a style, and their FIGURES (N, 5)."""
    songs = songs_of(list(STYLES).index(name), n_songs, cache)
    windows, figures = zip(*(measure(song, STYLES[name]) for song in songs), strict=True)
    return np.vstack(windows), np.stack(figures)


def print_row(
    name: str,
    windows: np.ndarray,
    figures: np.ndarray,
    reference: metrics.StyleReference,
    n_far: int = 5,
) -> None:
    far = ", ".join(f"{name} {z:+.1f}" for name, z in reference.farthest(windows)[:n_far])
    crest, attack, *rest = np.nanmean(figures, axis=0)
    shares = " | ".join(f"{value:.2f}" for value in rest)
    style = f"{reference.style(windows):.2f} | {reference.p_carol(windows):.2f}"
    print(
        f"| {name} | {len(windows)} | {style} | {crest:.1f} | {attack:.1f} | {shares} | {far} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path, help="style_reference.npz")
    parser.add_argument(
        "--songs", type=int, default=4, help="held-out compositions a style (default 4)"
    )
    parser.add_argument("--styles", nargs="+", choices=list(STYLES), default=list(STYLES))
    parser.add_argument("--cache", type=Path, help="folder for what is kept of the pop renders")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    reference = metrics.StyleReference.load(args.reference)
    print(
        "| style | windows | style | p_carol | "
        + " | ".join(FIGURES)
        + " | farthest |\n"
        + "|-" * (5 + len(FIGURES))
        + "|"
    )
    with ProcessPoolExecutor(args.jobs) as pool:
        work = partial(measure_style, n_songs=args.songs, cache=args.cache)
        results = dict(zip(args.styles, pool.map(work, args.styles), strict=True))
    for name, (windows, figures) in results.items():
        print_row(name, windows, figures, reference)
    for title, names in (("five styles", POOLED), ("all", tuple(STYLES))):
        if set(names) <= set(results):
            windows, figures = (np.vstack([results[name][i] for name in names]) for i in (0, 1))
            print_row(title, windows, figures, reference, 8)


if __name__ == "__main__":
    main()
