"""A lead sheet as it is heard: the eighths of a bar on which a band strikes, and how busily, section by section.

A composer's groove and energies are ideas that players follow more or less. The carol has to strike where the record does:
what nobody can hear, no network can learn, and playing it would be playing another song.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kcarol.corpus.bands import TUNE_SIDE_DB
from kcarol.corpus.grooves import DRUMS
from kcarol.corpus.mix import db_to_gain, role_db
from kcarol.corpus.pop import PopArrangement
from kcarol.corpus.sheet import LeadSheet, Part, Section, TimeGrid

REACH_BEATS = 0.125  # about an eighth: sixteenths lie twice as far away
LOUDNESS = 0.6  # exponent from amplitude to loudness: Stevens 1957, "On the psychophysical law"
MIDDLE_PER_S, MIDDLE_ENERGY, ENERGY_A_DOUBLING = 1.6, 0.63, 0.34  # mean and spread of 400 songs as they were composed
EVEN = 0.7  # weak eighths that are this loud beside strong ones are strokes, too
# shares of a stroke: by the part's name (others 1), and by the drum (kick, snare, toms and crash 1)
SOFT = {"pad": 0.3, "strings": 0.3, "backing": 0.3, "drone": 0.2, "fx": 0.0}
LIGHT = {
    "hat": 0.25, "open": 0.4, "ride": 0.35, "bell": 0.4, "shaker": 0.25, "tamb": 0.25, "claves": 0.3, "cowbell": 0.4,
    "rim": 0.5, "conga": 0.5, "tumba": 0.5, "bongo": 0.4,
}  # fmt: skip
LIGHT_NOTES = {note: share for name, share in LIGHT.items() for note in DRUMS[name]}


def as_played(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> LeadSheet:
    """The sheet with the groove and the energy of each section as its band plays them, in place of what was composed."""
    strength = struck(sheet, arrangement, grid)
    return replace(sheet, sections=tuple(_as_played(s, sheet.beats_per_bar, strength, grid) for s in sheet.sections))


def _as_played(section: Section, beats_per_bar: int, strength: np.ndarray, grid: TimeGrid) -> Section:
    here = strength[round(2 * section.start) : round(2 * (section.start + section.length))]
    length_s = float(grid.time_s(section.start + section.length) - grid.time_s(section.start))
    return replace(section, accents=_groove_of(here, 2 * beats_per_bar), energy=_energy_of(here.sum() / length_s))


def _energy_of(per_second: float) -> float:
    """From how much is struck a second, in doublings about the middle one: spread as composed energies are."""
    doublings = np.log2(max(per_second, 1e-3) / MIDDLE_PER_S)
    return round(float(np.clip(MIDDLE_ENERGY + ENERGY_A_DOUBLING * doublings, 0.1, 1.0)), 3)


def struck(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> np.ndarray:
    """How hard each eighth of the song is struck by all but the tune's side, (2 * beats,): loudness, without a unit."""
    times = grid.time_s(np.arange(2 * int(np.ceil(sheet.n_beats))) / 2)
    total = np.zeros(len(times))
    for part in arrangement.parts:
        if part.name not in TUNE_SIDE_DB:
            total += _struck_by(part, times)
    return total**LOUDNESS


def _struck_by(part: Part, times: np.ndarray) -> np.ndarray:
    """One part's hardest stroke about each eighth: a chord is one stroke."""
    out = np.zeros(len(times))
    start_s, pitch, velocity = (np.array([getattr(s, name) for s in part.strokes]) for name in ("start_s", "pitch", "velocity"))
    nearest = np.abs(start_s[:, None] - times).argmin(1)
    reach_s = 2 * REACH_BEATS * np.gradient(times)[nearest]
    amplitude = (velocity / 127) ** 2 * db_to_gain(role_db(part.name) + part.gain_db)  # as synthesisers take velocities
    if part.is_drums:
        amplitude = amplitude * [LIGHT_NOTES.get(int(note), 1.0) for note in pitch]
    else:
        amplitude = amplitude * SOFT.get(part.name.rstrip("0123456789"), 1.0)
    near = np.abs(start_s - times[nearest]) <= reach_s
    np.maximum.at(out, nearest[near], amplitude[near])
    return out


def _groove_of(strength: np.ndarray, n: int) -> tuple[float, ...]:
    """1 for the strokes of a bar of n eighths, 0 for others: means over bars, divided where both sides differ most."""
    mean = np.array([strength[k::n].mean() if len(strength) > k else 0.0 for k in range(n)])
    if not mean.any():
        return (1.0,) + (0.0,) * (n - 1)
    return tuple((mean >= _division(mean)).astype(float).tolist())


def _division(values: np.ndarray) -> float:
    """The least of the strong values: Otsu 1979, "A threshold selection method"; all are strong where they hardly differ."""
    ordered = np.sort(values)
    splits = [(k * (len(ordered) - k) * (ordered[k:].mean() - ordered[:k].mean()) ** 2, k) for k in range(1, len(ordered))]
    k = max(splits)[1]
    return float(ordered[0] if ordered[:k].mean() >= EVEN * ordered[k:].mean() else ordered[k])
