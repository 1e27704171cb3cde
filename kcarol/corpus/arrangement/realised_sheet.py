"""A lead sheet as its band plays it: audible groove and energy, solo, and plain chords.

Players follow a composed groove and its energies only roughly. The carol has to strike where the
record does: a network cannot learn what is inaudible. The same holds for a solo, which sounds like
a tune although it is not in the sheet, and for sevenths, sixths and ninths that no player plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.config import TUNE_HIGHEST, TUNE_LOWEST
from kcarol.corpus.arrangement.pitches import tune_shift
from kcarol.corpus.arrangement.pop.arrange import PopArrangement
from kcarol.corpus.arrangement.pop.bands import TUNE_SIDE_DB
from kcarol.corpus.arrangement.pop.grooves import DRUM_WEIGHT
from kcarol.corpus.mixing.levels import db_to_gain, role_db
from kcarol.transcription.activations import otsu_threshold
from kcarol.transcription.lead_sheet import (
    TOLERANCE,
    Chord,
    LeadSheet,
    Note,
    Part,
    Section,
    TimeGrid,
)

REACH = 0.25  # of a part of a beat: what lies halfway between two belongs to neither
LOUDNESS = 0.6  # exponent from amplitude to loudness: Stevens 1957, "On the psychophysical law"
# mean and spread of 400 songs as they were composed
MIDDLE_PER_S, MIDDLE_ENERGY, ENERGY_PER_DOUBLING = 1.6, 0.63, 0.34
EVEN = 0.7  # weak parts that are this loud beside strong ones are strokes, too
# shares of a stroke by the part's name, others 1; of drums: DRUM_WEIGHT
PART_WEIGHT = {"pad": 0.3, "strings": 0.3, "backing": 0.3, "drone": 0.2, "fx": 0.0}
# what qualities add to a triad, in semitones above the root
ADDED = {
    "6": (9, "maj"),
    "7": (10, "maj"),
    "maj7": (11, "maj"),
    "min7": (10, "min"),
    "m7b5": (10, "dim"),
    "add9": (2, "maj"),
}
# amplitude times time re the chord's strongest pitch class: of softer ones 10 in 16 are missed
LEAST_ADDED = 0.05


def as_played(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> LeadSheet:
    """The sheet with groove and energies, solo and chords as its band plays them."""
    strength = stroke_strength(sheet, arrangement, grid)
    sections = (_section_as_played(section, sheet, strength, grid) for section in sheet.sections)
    return replace(
        sheet,
        sections=tuple(sections),
        notes=_with_solo(sheet, arrangement.solo),
        chords=_plain_chords(sheet, arrangement, grid),
    )


def stroke_strength(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> np.ndarray:
    """Loudness of the strokes on each part of a beat, (N,), without the tune's side."""
    times_s = grid.time_s(sheet.part_starts())
    parts = [part for part in arrangement.parts if part.name not in TUNE_SIDE_DB]
    return sum((_struck_by(part, times_s) for part in parts), np.zeros(len(times_s))) ** LOUDNESS


def _struck_by(part: Part, times_s: np.ndarray) -> np.ndarray:
    """One player's hardest stroke about each part of a beat: a chord is one stroke."""
    start_s = np.array([stroke.start_s for stroke in part.strokes])
    nearest = np.abs(start_s[:, None] - times_s).argmin(1)
    reach_s = REACH * _spacing(times_s)[nearest]
    is_near = np.abs(start_s - times_s[nearest]) <= reach_s
    amplitude = _amplitudes(part) * _weights(part)
    struck = np.zeros(len(times_s))
    np.maximum.at(struck, nearest[is_near], amplitude[is_near])
    return struck


def _spacing(times_s: np.ndarray) -> np.ndarray:
    """(N,) mean distance to both neighbours, one of which may lie beyond a pause."""
    apart = np.diff(times_s)
    nearer = np.minimum(np.append(apart, apart[-1]), np.insert(apart, 0, apart[0]))
    return np.minimum(np.gradient(times_s), 2 * nearer)


def _amplitudes(part: Part) -> np.ndarray:
    """(N,) of a part's strokes, as synthesisers take velocities."""
    velocities = np.array([stroke.velocity for stroke in part.strokes])
    return (velocities / 127) ** 2 * db_to_gain(role_db(part.name) + part.gain_db)


def _weights(part: Part) -> np.ndarray | float:
    """Weight of a part's strokes."""
    if part.is_drums:
        return np.array([DRUM_WEIGHT.get(int(stroke.pitch), 1.0) for stroke in part.strokes])
    return PART_WEIGHT.get(part.name.rstrip("0123456789"), 1.0)


def _section_as_played(
    section: Section, sheet: LeadSheet, strength: np.ndarray, grid: TimeGrid
) -> Section:
    first, last = np.searchsorted(
        sheet.part_starts(), np.array([section.start, section.end]) - TOLERANCE
    )
    here = strength[first:last]
    length_s = float(grid.time_s(section.end) - grid.time_s(section.start))
    accents = _groove_of(here, sheet.metre_at(section.start).parts_per_bar)
    return replace(section, accents=accents, energy=_energy_of(here.sum() / length_s))


def _energy_of(per_second: float) -> float:
    """Energy from the log of strokes per second, with the spread of composed energies."""
    doublings = np.log2(max(per_second, 1e-3) / MIDDLE_PER_S)
    energy = MIDDLE_ENERGY + ENERGY_PER_DOUBLING * doublings
    return round(float(np.clip(energy, 0.1, 1.0)), 3)


def _groove_of(strength: np.ndarray, n: int) -> tuple[float, ...]:
    """(n,) 1 for the parts of a bar that are strong on average, 0 for the others."""
    mean = np.array([strength[k::n].mean() if len(strength) > k else 0.0 for k in range(n)])
    if not mean.any():
        return (1.0,) + (0.0,) * (n - 1)
    strong = mean > otsu_threshold(mean)[0]
    if not strong.any() or mean[~strong].mean() >= EVEN * mean[strong].mean():
        strong[:] = True
    return tuple(strong.astype(float).tolist())


def _with_solo(sheet: LeadSheet, solo: Sequence[Note]) -> tuple[Note, ...]:
    """The sheet's notes and, in instrumental sections, a solo's in the carol's range."""
    unsung = [section for section in sheet.sections if not section.sung]
    heard = [note for note in solo if any(s.start <= note.start < s.end for s in unsung)]
    notes = sorted({*sheet.notes, *heard}, key=lambda note: (note.start, note.pitch))
    shift = tune_shift(notes)
    return tuple(
        note
        for note in notes
        if note in sheet.notes or TUNE_LOWEST <= note.pitch + shift <= TUNE_HIGHEST
    )


def _plain_chords(
    sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid
) -> tuple[Chord, ...]:
    """The chords; those whose seventh, sixth or ninth is not played become triads."""
    edges_s = grid.time_s([*(chord.start for chord in sheet.chords), sheet.n_beats])
    parts = [p for p in arrangement.parts if not p.is_drums and p.name not in TUNE_SIDE_DB]
    played = sum((_sounding(part, edges_s) for part in parts), np.zeros((len(sheet.chords), 12)))
    return tuple(_plain(chord, row) for chord, row in zip(sheet.chords, played, strict=True))


def _plain(chord: Chord, played: np.ndarray) -> Chord:
    if chord.quality not in ADDED:
        return chord
    step, triad = ADDED[chord.quality]
    is_heard = played[(chord.root + step) % 12] > LEAST_ADDED * played.max()
    return chord if is_heard else replace(chord, quality=triad)


def _sounding(part: Part, edges_s: np.ndarray) -> np.ndarray:
    """(N, 12) amplitude times share of time of each pitch class between N + 1 edges."""
    start_s = np.array([stroke.start_s for stroke in part.strokes])
    end_s = np.array([stroke.start_s + stroke.length_s for stroke in part.strokes])
    pitch_class = np.round([stroke.pitch for stroke in part.strokes]).astype(int) % 12
    within_s = np.minimum(end_s, edges_s[1:, None]) - np.maximum(start_s, edges_s[:-1, None])
    share = within_s.clip(0) / np.diff(edges_s)[:, None]
    out = np.zeros((len(edges_s) - 1, 12))
    np.add.at(out.T, pitch_class, (_amplitudes(part) * share).T)
    return out
