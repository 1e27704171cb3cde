"""A lead sheet as it is heard: the eighths of a bar on which a band strikes and how busily, its
solo, and its plain chords.

A composer's groove and energies are ideas that players follow more or less. The carol has to strike
where the record does: what nobody can hear, no network can learn, and playing it would be playing
another song. So with a solo, which sounds like a tune though no composer wrote it, and with
sevenths, sixths and ninths that no player has under the fingers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.corpus.arrangement.bands import TUNE_SIDE_DB
from kcarol.corpus.arrangement.carol import tune_shift
from kcarol.corpus.arrangement.grooves import DRUMS
from kcarol.corpus.arrangement.pop import PopArrangement
from kcarol.corpus.mixing.levels import db_to_gain, role_db
from kcarol.model.content import TUNE_HIGHEST, TUNE_LOWEST
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Part, Section, TimeGrid

REACH_BEATS = 0.125  # about an eighth: sixteenths lie twice as far away
LOUDNESS = 0.6  # exponent from amplitude to loudness: Stevens 1957, "On the psychophysical law"
# mean and spread of 400 songs as they were composed
MIDDLE_PER_S, MIDDLE_ENERGY, ENERGY_A_DOUBLING = 1.6, 0.63, 0.34
EVEN = 0.7  # weak eighths that are this loud beside strong ones are strokes, too
# shares of a stroke: by the part's name (others 1), and by the drum (kick, snare, toms and crash 1)
SOFT = {"pad": 0.3, "strings": 0.3, "backing": 0.3, "drone": 0.2, "fx": 0.0}
LIGHT = {
    "hat": 0.25,
    "open": 0.4,
    "ride": 0.35,
    "bell": 0.4,
    "shaker": 0.25,
    "tamb": 0.25,
    "claves": 0.3,
    "cowbell": 0.4,
    "rim": 0.5,
    "conga": 0.5,
    "tumba": 0.5,
    "bongo": 0.4,
}
ADDED = {
    "6": (9, "maj"),
    "7": (10, "maj"),
    "maj7": (11, "maj"),
    "min7": (10, "min"),
    "m7b5": (10, "dim"),
    "add9": (2, "maj"),
}
# amplitude times time beside the chord's strongest pitch class: softer, 10 in 16 are not heard
LEAST_ADDED = 0.05
LIGHT_NOTES = {note: share for name, share in LIGHT.items() for note in DRUMS[name]}


def as_played(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> LeadSheet:
    """The sheet with the groove and the energy of each section as its band plays them, its solo
    where nobody sings, and its chords without what nobody plays of them.
    """
    strength = struck(sheet, arrangement, grid)
    sections = tuple(_as_played(s, sheet.beats_per_bar, strength, grid) for s in sheet.sections)
    return replace(
        sheet,
        sections=sections,
        notes=_with_solo(sheet, arrangement.solo),
        chords=_plain(sheet, arrangement, grid),
    )


def _plain(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> tuple[Chord, ...]:
    """The chords; those whose seventh, sixth or ninth no accompanist plays are triads. Their third
    is clear from the key.
    """
    edges_s = grid.time_s([*(chord.start for chord in sheet.chords), sheet.n_beats])
    played = sum(
        (
            _sounding(part, edges_s)
            for part in arrangement.parts
            if not part.is_drums and part.name not in TUNE_SIDE_DB
        ),
        np.zeros((len(sheet.chords), 12)),
    )
    return tuple(
        _played_chord(chord, amounts) for chord, amounts in zip(sheet.chords, played, strict=True)
    )


def _played_chord(chord: Chord, amounts: np.ndarray) -> Chord:
    step, triad = ADDED.get(chord.quality, (0, chord.quality))
    return (
        chord
        if amounts[(chord.root + step) % 12] > LEAST_ADDED * amounts.max()
        else replace(chord, quality=triad)
    )


def _sounding(part: Part, edges_s: np.ndarray) -> np.ndarray:
    """(N, 12): how much of each pitch class a part plays between N + 1 edges, amplitude times share
    of the time.
    """
    start_s, length_s, pitch, velocity = (
        np.array([getattr(s, name) for s in part.strokes])
        for name in ("start_s", "length_s", "pitch", "velocity")
    )
    amplitude = (velocity / 127) ** 2 * db_to_gain(role_db(part.name) + part.gain_db)
    within_s = np.minimum(start_s + length_s, edges_s[1:, None]) - np.maximum(
        start_s, edges_s[:-1, None]
    )
    share = within_s.clip(0) / np.diff(edges_s)[:, None]
    out = np.zeros((len(edges_s) - 1, 12))
    np.add.at(out.T, np.round(pitch).astype(int) % 12, (amplitude * share).T)
    return out


def _with_solo(sheet: LeadSheet, solo: Sequence[Note]) -> tuple[Note, ...]:
    """The sheet's notes, and those of a solo that begin in sections without singing and lie in the
    carol's range.
    """
    silent = [(s.start, s.start + s.length) for s in sheet.sections if not s.sung]
    heard = [note for note in solo if any(start <= note.start < end for start, end in silent)]
    notes = sorted({*sheet.notes, *heard}, key=lambda note: (note.start, note.pitch))
    shift = tune_shift(notes)
    return tuple(
        note
        for note in notes
        if note in sheet.notes or TUNE_LOWEST <= note.pitch + shift <= TUNE_HIGHEST
    )


def _as_played(
    section: Section, beats_per_bar: int, strength: np.ndarray, grid: TimeGrid
) -> Section:
    here = strength[round(2 * section.start) : round(2 * (section.start + section.length))]
    length_s = float(grid.time_s(section.start + section.length) - grid.time_s(section.start))
    return replace(
        section,
        accents=_groove_of(here, 2 * beats_per_bar),
        energy=_energy_of(here.sum() / length_s),
    )


def _energy_of(per_second: float) -> float:
    """From how much is struck a second, in doublings about the middle one: spread as composed
    energies are.
    """
    doublings = np.log2(max(per_second, 1e-3) / MIDDLE_PER_S)
    return round(float(np.clip(MIDDLE_ENERGY + ENERGY_A_DOUBLING * doublings, 0.1, 1.0)), 3)


def struck(sheet: LeadSheet, arrangement: PopArrangement, grid: TimeGrid) -> np.ndarray:
    """How hard each eighth of the song is struck by all but the tune's side, (2 * beats,):
    loudness, without a unit.
    """
    times = grid.time_s(np.arange(2 * int(np.ceil(sheet.n_beats))) / 2)
    total = np.zeros(len(times))
    for part in arrangement.parts:
        if part.name not in TUNE_SIDE_DB:
            total += _struck_by(part, times)
    return total**LOUDNESS


def _struck_by(part: Part, times: np.ndarray) -> np.ndarray:
    """One part's hardest stroke about each eighth: a chord is one stroke."""
    out = np.zeros(len(times))
    start_s, pitch, velocity = (
        np.array([getattr(s, name) for s in part.strokes])
        for name in ("start_s", "pitch", "velocity")
    )
    nearest = np.abs(start_s[:, None] - times).argmin(1)
    reach_s = 2 * REACH_BEATS * np.gradient(times)[nearest]
    # as synthesisers take velocities
    amplitude = (velocity / 127) ** 2 * db_to_gain(role_db(part.name) + part.gain_db)
    if part.is_drums:
        amplitude = amplitude * [LIGHT_NOTES.get(int(note), 1.0) for note in pitch]
    else:
        amplitude = amplitude * SOFT.get(part.name.rstrip("0123456789"), 1.0)
    near = np.abs(start_s - times[nearest]) <= reach_s
    np.maximum.at(out, nearest[near], amplitude[near])
    return out


def _groove_of(strength: np.ndarray, n: int) -> tuple[float, ...]:
    """1 for the strokes of a bar of n eighths, 0 for others: means over bars, divided where both
    sides differ most.
    """
    mean = np.array([strength[k::n].mean() if len(strength) > k else 0.0 for k in range(n)])
    if not mean.any():
        return (1.0,) + (0.0,) * (n - 1)
    return tuple((mean >= _division(mean)).astype(float).tolist())


def _division(values: np.ndarray) -> float:
    """The least of the strong values: Otsu 1979, "A threshold selection method"; all are strong
    where they hardly differ.
    """
    ordered = np.sort(values)
    splits = [
        (k * (len(ordered) - k) * (ordered[k:].mean() - ordered[:k].mean()) ** 2, k)
        for k in range(1, len(ordered))
    ]
    k = max(splits)[1]
    return float(ordered[0] if ordered[:k].mean() >= EVEN * ordered[k:].mean() else ordered[k])
