"""Bands that play whatever an arranger might write, for the playing half to learn from.

The player has to know how its instruments sound, alone and together, in every register, soft and
hard, short and long; which of them plays what is the arranger's business. So lines of real
arrangements are given to drawn instruments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.corpus.draws import pick
from kcarol.model.instruments import INSTRUMENTS, SLEIGH_KEY, Instrument
from kcarol.transcription.lead_sheet import Part, Stroke

MOST_PLAYERS = 14
SOFTEST, HARDEST = 12, 127  # velocity
PASSAGE_S = (3.0, 12.0)  # of a player's playing or resting


def draw_band(lines: Sequence[Part], length_s: float, rng: np.random.Generator) -> list[Part]:
    """1 to MOST_PLAYERS players, each with a line of its own choice; half of them rest at times."""
    lines = [line for line in lines if line.strokes and not line.is_drums]
    if not lines:
        return []
    n_players = int(rng.integers(1, MOST_PLAYERS + 1))
    soft_db = rng.choice([0, -6, -14]) * rng.random()
    players = (pick(rng, INSTRUMENTS) for _ in range(n_players))
    return [_played(pick(rng, lines), who, length_s, soft_db, rng) for who in players]


def _played(
    line: Part, who: Instrument, length_s: float, soft_db: float, rng: np.random.Generator
) -> Part:
    """A line in another instrument's range, length of notes and dynamics."""
    strokes = list(line.strokes)
    if rng.random() < 0.5:
        resting = _rests(length_s, rng)
        strokes = [s for s in strokes if not any(a <= s.start_s < b for a, b in resting)]
    shift = 12 * int(rng.integers(-3, 4))
    lift = pick(rng, (0.25, 0.5, 0.8, 1.0, 1.0, 1.0, 1.6))
    level_db = soft_db + rng.uniform(-12, 0)
    contrast = rng.uniform(0.5, 2.5)
    middle = np.mean([s.velocity for s in strokes]) if strokes else 0.0
    played = []
    for stroke in strokes:
        ratio = (stroke.velocity / middle) ** contrast * 10 ** (level_db / 40 + rng.normal(0, 0.03))
        played.append(
            Stroke(
                stroke.start_s,
                max(0.04, stroke.length_s * lift),
                SLEIGH_KEY if who.program is None else _within(stroke.pitch + shift, who),
                int(np.clip(100 * ratio, SOFTEST, HARDEST)),
            )
        )
    return Part(
        who.name, tuple(_once_each(played)), who.program or 0, who.program is None, pan=who.pan
    )


def _rests(length_s: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Stretches in which a player rests, between stretches of playing."""
    rests, at_s = [], float(rng.uniform(0, PASSAGE_S[1])) * int(rng.integers(2))
    while at_s < length_s:
        until_s = at_s + rng.uniform(*PASSAGE_S)
        rests.append((at_s, until_s))
        at_s = until_s + rng.uniform(*PASSAGE_S)
    return rests


def _within(pitch: float, who: Instrument) -> int:
    """By as few octaves as bring a pitch into range; small ranges get the nearest key."""
    pitch = round(pitch)
    while pitch > who.highest:
        pitch -= 12
    while pitch < who.lowest:
        pitch += 12
    return min(pitch, who.highest)


def _once_each(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Without unisons on one instrument; a note ends where its key is struck again."""
    last: dict[float, Stroke] = {}
    out = []
    for stroke in sorted(strokes, key=lambda s: (s.start_s, s.pitch)):
        before = last.get(stroke.pitch)
        if before and stroke.start_s < before.start_s + 0.03:
            continue
        last[stroke.pitch] = stroke
        out.append(stroke)
    starts: dict[float, float] = {}
    ended = []
    for stroke in reversed(out):
        until_s = starts.get(stroke.pitch, np.inf) - stroke.start_s
        ended.append(replace(stroke, length_s=min(stroke.length_s, until_s)))
        starts[stroke.pitch] = stroke.start_s
    return ended[::-1]
