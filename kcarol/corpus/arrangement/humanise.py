"""Human timing: events in beats to strokes in seconds, and breaks of the whole band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.corpus.arrangement.pop.score import Event, Score
from kcarol.corpus.draws import pick
from kcarol.transcription.lead_sheet import Stroke, TimeGrid

TAIL_S = 2.0  # how long after the grid's end a stroke may ring
SHORTEST_CUT_S = 0.005  # of a note that the next one may cut
SHORTEST_S = SHORTEST_CUT_S + 0.03  # of other strokes
BREAKS = 0.2  # share of songs in which the band stops before sections
Span = tuple[float, float]  # start and end in beats


def draw_breaks(score: Score, rng: np.random.Generator) -> list[Span]:
    """Spans in which the band stops before a section: none in most songs."""
    if rng.random() > BREAKS:
        return []
    lengths = (1.0, 2.0, float(score.beats_per_bar))
    starts = [s.start for s in score.sections if s.start >= 2 * score.beats_per_bar]
    return [(start - pick(rng, lengths), start) for start in starts if rng.random() < 0.5]


def without_spans(events: Sequence[Event], spans: Sequence[Span]) -> list[Event]:
    """Events without those that begin in one of the spans; notes that ring into one are cut."""
    for start, end in spans:
        events = [
            event._replace(length=min(event.length, start - event.beat))
            if event.beat < start
            else event
            for event in events
            if not start - 1e-6 <= event.beat < end - 1e-6
        ]
    return list(events)


@dataclass(frozen=True)
class Feel:
    """How a player keeps time."""

    jitter_s: float  # standard deviation of the onsets
    offset_s: float  # laid back (positive) or rushing
    velocity: float  # standard deviation of the velocities


def humanise(
    events: Sequence[Event], grid: TimeGrid, feel: Feel, rng: np.random.Generator, is_mono: bool
) -> tuple[Stroke, ...]:
    """Events in beats to strokes in seconds; simultaneous strokes stay together within a
    quarter of the jitter. `is_mono`: one note at a time.
    """
    if not events:
        return ()
    beat, length, pitch, velocity, delay_s = np.array(events, dtype=float).T
    start_s = grid.time_s(beat)
    length_s = grid.end_s(beat + length) - start_s
    start_s = start_s + feel.jitter_s * _draw_jitter(beat, rng) + feel.offset_s + delay_s
    start_s = np.clip(start_s, 0, grid.length_s)
    velocity = np.round(velocity + feel.velocity * rng.normal(0, 1, len(beat)))
    velocity = np.clip(velocity, 1, 127).astype(int)
    order = np.argsort(start_s, kind="stable")
    start_s, length_s = start_s[order], length_s[order]
    if is_mono:
        length_s[:-1] = np.minimum(length_s[:-1], np.diff(start_s))
    shortest_s = SHORTEST_CUT_S if is_mono else SHORTEST_S
    length_s = np.clip(length_s, shortest_s, grid.length_s + TAIL_S - 0.05 - start_s)
    columns = (start_s, length_s, pitch[order], velocity[order])
    return tuple(Stroke(*row) for row in zip(*(c.tolist() for c in columns), strict=True))


def _draw_jitter(beat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Deviations of onsets (N,), mostly shared by strokes on the same beat."""
    together, index = np.unique(beat, return_inverse=True)
    shared = rng.normal(0, 1, len(together)).clip(-2.5, 2.5)[index]
    return shared + 0.25 * rng.normal(0, 1, len(beat)).clip(-2, 2)
