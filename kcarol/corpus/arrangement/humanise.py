"""From beats to seconds: how a player keeps time, and where the whole band stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.arrangement.score import Event, Score, pick
from kcarol.transcription.lead_sheet import Stroke, TimeGrid

TAIL_S = 2.0  # how long after the grid's end a stroke may ring


def break_spans(score: Score, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Where the band stops before a section, (start, end) in beats: none in most songs."""
    if rng.random() > 0.2:
        return []
    lengths = [1.0, 2.0, float(score.beats_per_bar)]
    starts = [s.start for s in score.sections if s.start >= 2 * score.beats_per_bar]
    return [(start - pick(rng, lengths), start) for start in starts if rng.random() < 0.5]


def alone_spans(score: Score) -> list[tuple[float, float]]:
    """Where the drums are alone, (start, end) in beats."""
    return [
        (chord.start, chord.start + chord.length) for chord in score.sheet.chords if chord.silent
    ]


def broken_off(events: Sequence[Event], spans: Sequence[tuple[float, float]]) -> list[Event]:
    """Events less those that begin in a break; what rings on into it is cut."""
    for start, end in spans:
        outside = (event for event in events if not start - 1e-6 <= event[0] < end - 1e-6)
        events = [(b, min(n, start - b) if b < start else n, *rest) for b, n, *rest in outside]
    return list(events)


@dataclass(frozen=True)
class Feel:
    """How a player keeps time."""

    jitter_s: float  # standard deviation of the onsets
    offset_s: float  # laid back (positive) or rushing
    velocity: float  # standard deviation of the velocities


def perform(
    events: Sequence[Event], grid: TimeGrid, feel: Feel, rng: np.random.Generator, mono: bool
) -> tuple[Stroke, ...]:
    """Events in beats to strokes in seconds; what is struck together stays together within a
    quarter of the jitter.
    """
    if not events:
        return ()
    beat, length, pitch, velocity, delay_s = np.array(events, dtype=float).T
    start = grid.time_s(beat)
    length_s = grid.time_s(beat + length) - start
    together, index = np.unique(beat, return_inverse=True)
    jitter = rng.normal(0, 1, len(together)).clip(-2.5, 2.5)[index] + 0.25 * rng.normal(
        0, 1, len(beat)
    ).clip(-2, 2)
    start = np.clip(start + feel.jitter_s * jitter + feel.offset_s + delay_s, 0, grid.length_s)
    velocity = np.clip(
        np.round(velocity + feel.velocity * rng.normal(0, 1, len(beat))), 1, 127
    ).astype(int)
    order = np.argsort(start, kind="stable")
    start, length_s, pitch, velocity = start[order], length_s[order], pitch[order], velocity[order]
    if mono:
        length_s[:-1] = np.minimum(length_s[:-1], np.diff(start))
    length_s = np.clip(length_s, 0.03 * (not mono) + 0.005, grid.length_s + TAIL_S - 0.05 - start)
    rows = zip(start.tolist(), length_s.tolist(), pitch.tolist(), velocity.tolist(), strict=True)
    return tuple(Stroke(*row) for row in rows)
