"""What drums and percussion play."""

from __future__ import annotations

import numpy as np

from kcarol.corpus.arrangement.grooves import DRUMS, GROOVES, LEVELS, Groove
from kcarol.corpus.arrangement.score import Bar, Event, Score, pick, sections_played


def _draw_lines(
    groove: Groove, score: Score, rng: np.random.Generator
) -> list[tuple[str, int, float, str]]:
    """One rhythm for each drum (name, note, threshold, pattern), the kick made to follow the
    sheet's accents.
    """
    lines = []
    for name, threshold, options in groove.lines:
        pattern = pick(rng, options)
        if name == "kick" and groove.steps == 4 and rng.random() < 0.5:
            pattern = _kick_on_accents(pattern, score, rng)
        note = DRUMS[name][int(rng.random() < 0.3) % len(DRUMS[name])]
        lines.append((name, note, threshold * rng.uniform(0.6, 1.2), pattern))
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


def drum_part(score: Score, rng: np.random.Generator, groove: Groove) -> list[Event]:
    """Pattern, ghost notes, hat rolls, crashes at section starts, fills before them; thin where the
    energy is low.
    """
    lines, events = _draw_lines(groove, score, rng), []
    ghosts, rolls = (
        rng.random() * 0.45 * (rng.random() < 0.6),
        0.3 * (groove is GROOVES["trap"]) + 0.05,
    )
    crash, fill_rate, entry = rng.random(), rng.uniform(0.2, 0.95), rng.uniform(-0.1, 0.45)
    period, slips = pick(rng, (2, 4, 8)), rng.uniform(0, 0.12) * (rng.random() < 0.7)
    for bar in score.bars:
        if bar.energy < entry:
            continue
        fills = (
            bar.is_last or (bar.index + 1) % period == 0 and rng.random() < 0.3
        ) and rng.random() < fill_rate
        until = bar.end - pick(rng, (0.5, 1, 1, 2)) if fills else bar.end
        for name, note, threshold, pattern in lines:
            if bar.energy >= threshold:
                hits = _bar_hits(pattern, groove, bar, score.sheet.swing)
                hits = [(beat, level) for beat, level in hits if beat < until - 1e-6]
                hits = _as_played(hits, bar, slips, rng) if slips else hits
                roll = rolls if name == "hat" else 0.0
                events += _hit_events(hits, note, bar, rng, roll)
        if ghosts:
            events += [
                (bar.start + (i + 0.5) / 2, 0.1, 38, rng.uniform(22, 42), 0.0)
                for i in range(int(2 * bar.length))
                if rng.random() < ghosts
            ]
        if fills:
            events += _fill(until, bar.end, bar.energy, rng)
        if bar.is_first and rng.random() < crash * bar.energy * 1.5:
            events.append((bar.start, 1.0, pick(rng, DRUMS["crash"]), 75 + 45 * bar.energy, 0.0))
    return events


def _bar_hits(pattern: str, groove: Groove, bar: Bar, swing: float) -> list[tuple[float, int]]:
    """(beat, velocity) of one drum in one bar; in swung songs triplets are written as eighths: the
    grid delays them.
    """
    n_steps = groove.beats * groove.steps
    first = (bar.index % (len(pattern) // n_steps)) * n_steps
    triplets = (0.0, 0.25, 0.5) if swing > 0.05 else (0.0, 1 / 3, 2 / 3)
    hits = []
    for i, letter in enumerate(pattern[first : first + n_steps]):
        if letter != ".":
            beat, part = divmod(i, groove.steps)
            hits.append(
                (
                    bar.start
                    + beat
                    + (triplets[part] if groove.steps == 3 else part / groove.steps),
                    LEVELS[letter],
                )
            )
    return hits


def _as_played(
    hits: list[tuple[float, int]], bar: Bar, slips: float, rng: np.random.Generator
) -> list[tuple[float, int]]:
    """Hits as a drummer varies them from bar to bar: weak ones left out, soft ones put in; a bar's
    first stays.
    """
    kept = [
        (beat, level)
        for k, (beat, level) in enumerate(hits)
        if k == 0 or rng.random() > slips * (2 - level / 90)
    ]
    added = int(rng.poisson(slips * bar.length))
    return sorted(
        kept
        + [
            (bar.start + rng.integers(1, max(2, int(4 * bar.length))) / 4, LEVELS["o"])
            for _ in range(added)
        ]
    )


def _hit_events(hits, note: int, bar: Bar, rng: np.random.Generator, roll: float) -> list[Event]:
    scale, events = 0.75 + 0.3 * bar.energy, []
    for beat, level in hits:
        n = pick(rng, (2, 3, 4)) if roll and rng.random() < roll / 2 else 1
        events += [
            (beat + k * 0.5 / n, 0.2, note, level * scale * (1 - 0.1 * k), 0.0) for k in range(n)
        ]
    return events


def _fill(start: float, end: float, energy: float, rng: np.random.Generator) -> list[Event]:
    kind = pick(rng, ("toms", "snare", "build", "mixed", "stop"))
    if kind == "stop":
        return []
    n = max(2, int((end - start) * pick(rng, (2, 4, 4))))
    pools = {
        "toms": (50, 48, 47, 45, 43, 41),
        "snare": (38,),
        "build": (38,),
        "mixed": (38, 36, 47, 38, 43, 46),
    }
    pool, events = pools[kind], []
    for k in range(n):
        note = pool[k * len(pool) // n] if kind == "toms" else pool[k % len(pool)]
        rise = k / n if kind == "build" else 0.5 + 0.5 * (k % 2 == 0)
        events.append(
            (
                start + k * (end - start) / n,
                0.15,
                note,
                (50 + 55 * rise) * (0.7 + 0.3 * energy),
                0.0,
            )
        )
    return events


def percussion_part(score: Score, rng: np.random.Generator) -> list[Event]:
    """A layer beside the kit: shaker, tambourine, congas, cowbell or claps in one drawn rhythm."""
    note = DRUMS[pick(rng, ("shaker", "tamb", "conga", "cowbell", "clap", "claves", "bongo"))][0]
    n = 4 * score.beats_per_bar
    levels = rng.uniform(35, 100, n) * (
        rng.random(n) < np.where(np.arange(n) % 2 == 0, 0.7, rng.uniform(0, 0.5))
    )
    played = sections_played(score, rng, rng.uniform(0.3, 0.8))
    return [
        (bar.start + i / 4, 0.2, note, levels[i], 0.0)
        for bar in score.bars
        if bar.section in played
        for i in range(int(4 * bar.length))
        if levels[i] > 0
    ]
