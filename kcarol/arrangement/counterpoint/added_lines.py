"""Lines beside the four voices: a descant above the tune, a counter-line below it.

Each is the cheapest way through the pitches that are possible under each chord.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way
from kcarol.arrangement.counterpoint.harmony import LEAST_SPAN, SoundingChord, clashes
from kcarol.arrangement.counterpoint.tune import tied
from kcarol.arrangement.voices import FourParts
from kcarol.transcription.lead_sheet import SCALES, TOLERANCE, LeadSheet, Note, Span

GAP = 1.5  # beats: where the tune begins no note for so long, a counter-line may move
LONGEST_MOTION = 4.0  # beats: then it holds its notes, too
PERFECT = (0, 7)  # semitones, octaves folded
IMPOSSIBLE = 1e6  # cost


@dataclass(frozen=True)
class LineRules:
    """Range and costs of an added line."""

    lowest: int  # MIDI
    highest: int
    steps: tuple[float, ...]  # of melodic intervals by semitones, to an octave and beyond
    stays_in_gap: float = 0.0  # of holding the note where the tune rests or holds its own
    turn: float = 0.2  # of going up after going down, and the reverse
    similar: float = 0.6  # of motion in the tune's direction
    same_class: float = 2.5  # as the tune: an octave or unison
    crowded: float = 3.0  # nearer to the tune than a third
    passing: float = 1.2  # a tone that is not in the chord
    off_middle: float = 0.08  # a semitone from the middle of the range
    parallel: float = 40.0  # fifths or octaves with the tune
    parallel_with_bass: float = 15.0
    not_by_step: float = 100.0  # to or from a tone that is not in the chord


# E5 to C6, of long notes
DESCANT = LineRules(76, 84, (0.2, 0, 0, 0.5, 0.7, 1.2, 4, 1.5, 4, 4, 9, 9, 5, 15))
# F3 to A4: a cello, a horn, the tenors
COUNTER_LINE = LineRules(
    53, 69, (0.3, 0, 0, 0.8, 1.2, 2, 8, 3, 6, 6, 12, 12, 8, 20), stays_in_gap=2.0, turn=1.5
)


@dataclass(frozen=True)
class Cell(Span):
    """A stretch in which an added line has one note."""

    chord: SoundingChord
    tune: tuple[Note, ...]  # that sound in it
    bass: tuple[Note, ...]
    is_gap: bool  # the tune rests or holds its note


def descant(parts: FourParts, sheet: LeadSheet) -> tuple[Note, ...]:
    """A line above the tune, of chord tones, long and rather against the tune's direction.

    It rests where the tune leaves no room.
    """
    cells = _cells(parts, sheet, [])
    options = [_above(cell, DESCANT) for cell in cells]
    return _line(cells, options, DESCANT)


def counter_line(parts: FourParts, sheet: LeadSheet) -> tuple[Note, ...]:
    """A line below the tune that steps on where the tune rests or holds, else holds itself."""
    cells = _cells(parts, sheet, _gap_beats(parts.soprano, sheet))
    scale = {(sheet.key + step) % 12 for step in SCALES[sheet.mode]}
    options = [_below(cell, COUNTER_LINE, scale if cell.is_gap else set()) for cell in cells]
    return _line(cells, options, COUNTER_LINE)


# --- where a line has notes, and which


def _cells(parts: FourParts, sheet: LeadSheet, gap_beats: list[float]) -> list[Cell]:
    """Bars and chords, cut at the beats in gaps, too."""
    starts = [*(chord.start for chord in parts.harmony), *sheet.bar_starts().tolist()]
    edges = _apart([*starts, *gap_beats, sheet.n_beats])
    gaps = np.array(gap_beats)
    harmony, tune, bass = (
        _within(spans, edges) for spans in (parts.harmony, parts.soprano, parts.bass)
    )
    return [
        Cell(start, end - start, chords[0], sung, low, bool(np.isclose(gaps, start).any()))
        for (start, end), chords, sung, low in zip(
            pairwise(edges), harmony, tune, bass, strict=True
        )
    ]


def _apart(edges: Iterable[float]) -> list[float]:
    """Sorted edges without those nearer than LEAST_SPAN to the one before."""
    out: list[float] = []
    for edge in sorted(edges):
        if not out or edge - out[-1] >= LEAST_SPAN:
            out.append(edge)
    return out


def _within(spans: Sequence, edges: Sequence[float]) -> list[tuple]:
    """The spans between each two edges that sound there for longer than a moment."""
    starts = np.array([span.start for span in spans])
    ends = np.array([span.end for span in spans])
    found = []
    for start, end in pairwise(edges):
        overlap = np.minimum(ends, end) - np.maximum(starts, start)
        least = min(LEAST_SPAN, (end - start) / 2) - TOLERANCE
        found.append(tuple(spans[i] for i in np.flatnonzero(overlap > least).tolist()))
    return found


def _gap_beats(tune: Sequence[Note], sheet: LeadSheet) -> list[float]:
    """Beats within the tune's long notes and rests, at the beginning of these."""
    starts = [*(note.start for note in tune), sheet.n_beats]
    return [
        beat
        for start, end in pairwise(starts)
        if end - start >= GAP
        for beat in np.arange(
            np.ceil(start - TOLERANCE), min(end - LEAST_SPAN, start + LONGEST_MOTION)
        ).tolist()
    ]


def _above(cell: Cell, rules: LineRules) -> np.ndarray:
    """Chord tones above the tune."""
    lowest = max([rules.lowest, *(note.pitch + 1 for note in cell.tune)])
    return _agreeing(range(lowest, rules.highest + 1), cell, set())


def _below(cell: Cell, rules: LineRules, scale: set[int]) -> np.ndarray:
    """Chord tones, and those of a scale, below the tune and above the bass."""
    highest = min([rules.highest, *(note.pitch - 1 for note in cell.tune)])
    lowest = max([rules.lowest, *(note.pitch + 1 for note in cell.bass)])
    return _agreeing(range(lowest, highest + 1), cell, scale)


def _agreeing(pitches: Iterable[int], cell: Cell, scale: set[int]) -> np.ndarray:
    """(K,) those in the chord or the scale that lie no semitone from the tune."""
    classes = {*cell.chord.pitch_classes, *scale}
    agreeing = {pc for pc in classes if not any(clashes(pc, note.pitch) for note in cell.tune)}
    return np.array([pitch for pitch in pitches if pitch % 12 in agreeing], int)


# --- the cheapest way


def _line(
    cells: Sequence[Cell], options: Sequence[np.ndarray], rules: LineRules
) -> tuple[Note, ...]:
    """One pitch for each cell that has options; the line rests at the others, and where it has no
    way but parallels.
    """
    notes: list[Note] = []
    for first, stop in _runs(options):
        here, pitches = cells[first:stop], options[first:stop]
        costs = [_cost(*pair, rules) for pair in zip(pitches, here, strict=True)]
        ways = [
            _way(*before_after, *cells_, rules)
            for before_after, cells_ in zip(pairwise(pitches), pairwise(here), strict=True)
        ]
        # a pitch comes in two states: the line last went down, or up
        chosen = cheapest_way([np.tile(cost, 2) for cost in costs], ways)
        line = [int(some[choice % len(some)]) for some, choice in zip(pitches, chosen, strict=True)]
        parallel = [False, *map(_are_parallel, pairwise(line), pairwise(here))]
        notes += [
            Note(cell.start, cell.length, pitch)
            for cell, pitch, is_parallel in zip(here, line, parallel, strict=True)
            if not is_parallel
        ]
    return tied(notes)


def _runs(options: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """First and stop of the stretches in which each cell has options."""
    some = np.array([False, *(len(pitches) > 0 for pitches in options), False])
    edges = np.flatnonzero(np.diff(some.astype(int)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _cost(pitch: np.ndarray, cell: Cell, rules: LineRules) -> np.ndarray:
    """(K,) of pitches in a cell."""
    cost = rules.off_middle * np.abs(pitch - (rules.lowest + rules.highest) / 2)
    cost += rules.passing * _is_passing(pitch, cell)
    for note in cell.tune:
        share = min(1.0, note.length / cell.length)
        apart = np.abs(pitch - note.pitch)
        cost += share * (rules.same_class * (apart % 12 == 0) + rules.crowded * (apart < 3))
    return cost


def _is_passing(pitch: np.ndarray, cell: Cell) -> np.ndarray:
    return ~np.isin(pitch % 12, cell.chord.pitch_classes)


def _way(
    before: np.ndarray, after: np.ndarray, cell: Cell, following: Cell, rules: LineRules
) -> np.ndarray:
    """(2 K, 2 L) of going from K pitches in a cell to L in the following one."""
    moved = after - before[:, None]
    apart = np.abs(moved)
    cost = np.array(rules.steps)[apart.clip(0, 13)]
    cost += rules.stays_in_gap * following.is_gap * (apart == 0)
    passing = _is_passing(before, cell)[:, None] | _is_passing(after, following)
    cost += rules.not_by_step * (passing & ((apart == 0) | (apart > 2)))
    tune, bass = _motion(cell.tune, following.tune), _motion(cell.bass, following.bass)
    cost += rules.parallel * _is_parallel(before, after, tune)
    cost += rules.parallel_with_bass * _is_parallel(before, after, bass)
    cost += rules.similar * (moved * (tune[1] - tune[0]) > 0)
    return np.tile(cost, (2, 2)) + _turning_cost(np.sign(moved), rules)


def _turning_cost(direction: np.ndarray, rules: LineRules) -> np.ndarray:
    """(2 K, 2 L) of turning; a line that holds its note keeps the direction it came in."""

    def block(came: int, goes: int) -> np.ndarray:
        kept = np.where(direction == 0, came, direction)
        return rules.turn * (direction == -came) + IMPOSSIBLE * (kept != goes)

    return np.block([[block(came, goes) for goes in (-1, 1)] for came in (-1, 1)])


def _motion(before: Sequence[Note], after: Sequence[Note]) -> tuple[int, int]:
    """From which pitch to which another voice moves; twice the same if it rests or stays."""
    if not before or not after:
        return 0, 0
    return before[-1].pitch, after[0].pitch


def _are_parallel(line: tuple[int, int], cells: tuple[Cell, Cell]) -> bool:
    """Whether a line moves in fifths or octaves with the tune or the bass from cell to cell."""
    voices = [cell.tune for cell in cells], [cell.bass for cell in cells]
    before, after = np.array(line)[:, None]
    return any(_is_parallel(before, after, _motion(*voice)).any() for voice in voices)


def _is_parallel(before: np.ndarray, after: np.ndarray, other: tuple[int, int]) -> np.ndarray:
    """(K, L) fifths and octaves with another voice that follow one another."""
    left, reached = np.abs(before - other[0])[:, None] % 12, np.abs(after - other[1]) % 12
    have_moved = (before[:, None] != after) & (other[0] != other[1])
    return (left == reached) & np.isin(reached, PERFECT) & have_moved
