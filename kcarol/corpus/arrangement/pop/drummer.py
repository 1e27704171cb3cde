"""Drum and percussion parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kcarol.corpus.arrangement.pop.grooves import DRUMS, VELOCITIES, Groove
from kcarol.corpus.arrangement.pop.score import Bar, Event, Score
from kcarol.corpus.draws import pick

SNARE = 38
# drums of fills, from the first to the last stroke or in turn
FILLS = {
    "toms": (50, 48, 47, 45, 43, 41),
    "snare": (SNARE,),
    "build": (SNARE,),
    "mixed": (SNARE, 36, 47, SNARE, 43, 46),
    "stop": (),
}
PERCUSSION = ("shaker", "tamb", "conga", "cowbell", "clap", "claves", "bongo")


class _Line(NamedTuple):
    """The rhythm that one drum plays through the song."""

    drum: str
    note: int
    energy: float  # of the sections from which it plays
    pattern: str


class _Hit(NamedTuple):
    beat: float
    velocity: float


def drum_part(score: Score, rng: np.random.Generator, groove: Groove) -> list[Event]:
    """A pattern with ghost notes, hat rolls, crashes and fills; thin where the energy is low."""
    lines = _draw_lines(groove, score, rng)
    ghosts = rng.random() * 0.45 * (rng.random() < 0.6)
    crash = rng.random()
    fill_rate = rng.uniform(0.2, 0.95)
    entry = rng.uniform(-0.1, 0.45)
    period = pick(rng, (2, 4, 8))
    slips = rng.uniform(0, 0.12) * (rng.random() < 0.7)
    events: list[Event] = []
    for bar in score.bars:
        if bar.energy < entry:
            continue
        ends_period = bar.is_last or (bar.index + 1) % period == 0 and rng.random() < 0.3
        is_filled = ends_period and rng.random() < fill_rate
        part = 0.5 if score.division == 2 else 2 / 3
        until = bar.end - pick(rng, (part, 1, 1, 2)) if is_filled else bar.end
        for line in lines:
            if bar.energy >= line.energy:
                hits = _bar_hits(line.pattern, groove, bar, score.sheet.swing)
                hits = [hit for hit in hits if hit.beat < until - 1e-6]
                if slips:
                    hits = _varied(hits, bar, 2 * score.division, slips, rng)
                rolls = groove.rolls if line.drum == "hat" else 0.0
                events += _strokes(hits, line.note, bar, rng, rolls)
        events += _ghost_notes(bar, score.division, ghosts, rng)
        if is_filled:
            events += _fill(until, bar.end, bar.energy, score.division, rng)
        if bar.is_first and rng.random() < crash * bar.energy * 1.5:
            events.append(Event(bar.start, 1.0, pick(rng, DRUMS["crash"]), 75 + 45 * bar.energy))
    return events


def _draw_lines(groove: Groove, score: Score, rng: np.random.Generator) -> list[_Line]:
    """One rhythm for each drum, the kick at times made to follow the sheet's accents."""
    lines = []
    for drum, energy, patterns in ((x.drum, x.energy, x.patterns) for x in groove.lines):
        pattern = pick(rng, patterns)
        if drum == "kick" and groove.steps == 4 and rng.random() < 0.5:
            pattern = _kick_on_accents(pattern, score, rng)
        note = DRUMS[drum][int(rng.random() < 0.3) % len(DRUMS[drum])]
        lines.append(_Line(drum, note, energy * rng.uniform(0.6, 1.2), pattern))
    return lines


def _kick_on_accents(pattern: str, score: Score, rng: np.random.Generator) -> str:
    steps = list(pattern)
    for i in range(0, len(steps), 2):
        accent = score.accents[(i // 2) % len(score.accents)]
        if accent > 0.65 and i % 8 != 4 and rng.random() < 0.6:
            steps[i] = "x"
        elif accent < 0.15 and steps[i] == "x" and rng.random() < 0.4:
            steps[i] = "."
    return "".join(steps)


def _bar_hits(pattern: str, groove: Groove, bar: Bar, swing: float) -> list[_Hit]:
    """One drum in one bar. In swung songs triplets are written as eighths: the grid delays them."""
    n_steps = groove.beats * groove.steps
    first = (bar.index % (len(pattern) // n_steps)) * n_steps
    offsets = [step / groove.steps for step in range(groove.steps)]
    if groove.steps == 3 and swing > 0.05:
        offsets = [0.0, 0.25, 0.5]
    return [
        _Hit(bar.start + i // groove.steps + offsets[i % groove.steps], VELOCITIES[letter])
        for i, letter in enumerate(pattern[first : first + n_steps])
        if letter != "."
    ]


def _varied(
    hits: list[_Hit], bar: Bar, steps: int, slips: float, rng: np.random.Generator
) -> list[_Hit]:
    """Hits varied as drummers do: weak ones left out, soft ones added on one of the `steps` of a
    beat; the first stays.
    """
    kept = [
        hit
        for k, hit in enumerate(hits)
        if k == 0 or rng.random() > slips * (2 - hit.velocity / 90)
    ]
    n_steps = max(2, int(steps * bar.length))
    for _ in range(int(rng.poisson(slips * bar.length))):
        kept.append(_Hit(bar.start + rng.integers(1, n_steps) / steps, VELOCITIES["o"]))
    return sorted(kept)


def _strokes(
    hits: list[_Hit], note: int, bar: Bar, rng: np.random.Generator, rolls: float
) -> list[Event]:
    scale = 0.75 + 0.3 * bar.energy
    events = []
    for beat, velocity in hits:
        n = pick(rng, (2, 3, 4)) if rolls and rng.random() < rolls / 2 else 1
        for k in range(n):
            events.append(Event(beat + k * 0.5 / n, 0.2, note, velocity * scale * (1 - 0.1 * k)))
    return events


def _ghost_notes(bar: Bar, division: int, share: float, rng: np.random.Generator) -> list[Event]:
    if not share:
        return []
    return [
        Event(bar.start + (i + 0.5) / division, 0.1, SNARE, rng.uniform(22, 42))
        for i in range(int(division * bar.length))
        if rng.random() < share
    ]


def _fill(
    start: float, end: float, energy: float, division: int, rng: np.random.Generator
) -> list[Event]:
    kind = pick(rng, tuple(FILLS))
    drums = FILLS[kind]
    if not drums:
        return []
    n = max(2, round((end - start) * pick(rng, (division, 2 * division, 2 * division)) - 0.1))
    events = []
    for k in range(n):
        note = drums[k * len(drums) // n] if kind == "toms" else drums[k % len(drums)]
        if kind == "build":
            rise = k / n
        else:
            rise = 1.0 if k % 2 == 0 else 0.5
        velocity = (50 + 55 * rise) * (0.7 + 0.3 * energy)
        events.append(Event(start + k * (end - start) / n, 0.15, note, velocity))
    return events


def percussion_part(score: Score, rng: np.random.Generator) -> list[Event]:
    """A layer beside the kit: shaker, tambourine, congas, cowbell or claps in one drawn rhythm."""
    note = DRUMS[pick(rng, PERCUSSION)][0]
    steps = 2 * score.division  # a beat
    n = steps * score.beats_per_bar
    levels = rng.uniform(35, 100, n)
    is_played = rng.random(n) < np.where(np.arange(n) % 2 == 0, 0.7, rng.uniform(0, 0.5))
    return [
        Event(bar.start + i / steps, 0.2, note, levels[i])
        for bar in score.draw_bars(rng, rng.uniform(0.3, 0.8))
        for i in range(int(steps * bar.length))
        if is_played[i]
    ]
