"""Tempo curves: how the tempo of a song moves.

Most records keep time. Others change their tempo, speed up, drift as bands do on stage, breathe
with the singer, slow down before a section, or stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kcarol.corpus.distributions import log_uniform
from kcarol.corpus.draws import pick, pick_weighted
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid

STEADY = 0.6  # share of songs
DRIFTS = (0.0, 0.003, 0.01, 0.02)  # shares of the tempo by which it wanders, to draw from
SLOWEST_BPM, FASTEST_BPM = 36.0, 220.0
CHANGES = (1.15, 1.8)  # of the tempo: the ratio of the faster to the slower
PAUSES_S = (0.4, 3.0)


def draw_grid(sheet: LeadSheet, rng: np.random.Generator, plain: bool = False) -> TimeGrid:
    """A time grid of the sheet: steady but for a slow drift, or with a tempo curve and pauses.

    Its mean tempo without pauses is the sheet's. `plain`: always steady.
    """
    grid = TimeGrid.of(sheet, rng, drift=pick(rng, DRIFTS))
    if plain or rng.random() < STEADY:
        return grid
    curve = pick_weighted(rng, list(CURVES), list(CURVES.values()))
    tempo = curve(sheet, rng)
    pauses_s = np.zeros(len(tempo))
    if curve is _steps and rng.random() < 0.4 or curve is _even:
        for beat in _draw_borders(sheet, rng):
            pauses_s[beat - 1] = log_uniform(rng, *PAUSES_S)
    return _with_curve(grid, tempo, pauses_s)


def _with_curve(grid: TimeGrid, tempo: np.ndarray, pauses_s: np.ndarray) -> TimeGrid:
    """The grid at relative tempi (n_beats,), with pauses (n_beats,) after the beats."""
    lengths_s = np.diff(grid.beat_times_s)
    bent_s = lengths_s / tempo
    bent_s *= lengths_s.sum() / bent_s.sum()
    bent_s = bent_s.clip(60 / FASTEST_BPM, 60 / SLOWEST_BPM) + pauses_s
    times_s = np.concatenate([[0.0], np.cumsum(bent_s)])
    return replace(grid, beat_times_s=times_s, pauses_s=pauses_s)


def _draw_borders(sheet: LeadSheet, rng: np.random.Generator) -> list[int]:
    """One or two beats at which a section begins, or where there is none, a bar."""
    sections = [round(section.start) for section in sheet.sections if section.start > 0]
    borders = sections or [round(start) for start in sheet.bar_starts()[1:]] or [1]
    return sorted({pick(rng, borders) for _ in range(pick(rng, (1, 1, 2)))})


def _draw_change(rng: np.random.Generator) -> float:
    """Ratio of a tempo to the one before."""
    return log_uniform(rng, *CHANGES) ** pick(rng, (-1, 1))


def _even(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    return np.ones(int(np.ceil(sheet.n_beats)))


def _steps(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    """Another tempo from a border on, as in medleys and in songs of several parts."""
    tempo = _even(sheet, rng)
    for beat in _draw_borders(sheet, rng):
        tempo[beat:] *= _draw_change(rng)
    return tempo


def _glide(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    """Faster or slower little by little, over a part of the song or the whole of it."""
    n = len(_even(sheet, rng))
    length = int(rng.uniform(min(8, n), n + 1))
    start = int(rng.integers(0, n - length + 1))
    return _draw_change(rng) ** np.clip((np.arange(n) - start) / length, 0, 1)


def _live(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    """A band without a click: the tempo walks away, and single beats are early or late."""
    n = len(_even(sheet, rng))
    knots = np.cumsum(rng.normal(0, rng.uniform(0.01, 0.04), n // 4 + 2))
    beats = rng.normal(0, rng.uniform(0.002, 0.015), n)
    return np.exp(np.interp(np.arange(n) / 4, np.arange(len(knots)), knots) + beats)


def _rubato(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    """Phrases that hurry in their middle and slow down at their ends."""
    n, bar = len(_even(sheet, rng)), sheet.beats_per_bar
    phrase = bar * pick(rng, (1, 2, 2, 4))
    swell = np.cos(2 * np.pi * (np.arange(n) / phrase - 0.5))
    beats = rng.normal(0, rng.uniform(0.01, 0.05), n)
    return np.exp(rng.uniform(0.05, 0.22) * swell + beats)


def _ritardando(sheet: LeadSheet, rng: np.random.Generator) -> np.ndarray:
    """Slower towards a border, where the last beat may be held (a fermata), then in tempo again."""
    tempo = _even(sheet, rng)
    for end in (*_draw_borders(sheet, rng), len(tempo)):
        length = min(end, int(rng.integers(2, 9)))
        slowest = rng.uniform(0.5, 0.85)
        tempo[end - length : end] *= slowest ** (np.arange(1, length + 1) / length)
        if rng.random() < 0.5:
            tempo[end - 1] *= rng.uniform(0.35, 0.7)
    return tempo


# how often each is drawn among the songs that are not steady; `_even` has pauses
CURVES: dict[Callable[[LeadSheet, np.random.Generator], np.ndarray], float] = {
    _steps: 0.25,
    _glide: 0.2,
    _live: 0.22,
    _rubato: 0.15,
    _ritardando: 0.1,
    _even: 0.08,
}
