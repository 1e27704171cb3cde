"""Draws cases: the n-th piece of each kind is the same song, so that rows differ by their kind.

Nothing but NumPy and SciPy is needed to play them: no sampler, no soundfonts, no speech.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.cases.band import play
from kcarol.corpus.cases.kinds import Settings, all_kinds, section_of
from kcarol.corpus.cases.passages import Passage, draw_passages
from kcarol.corpus.cases.score import write_score
from kcarol.dataset.cases import Case, Span

SEED = 19
SHORTEST_REST_S = 2.0  # of a gap that counts as silence
RINGING_S = 1.5  # after the music's end
UPBEAT_S = 0.2  # before it sets in again
TIMELESS = ("noise",)  # textures without beats


def draw_cases(
    kinds: Sequence[str] = (), most: int | None = None, seed: int = SEED
) -> Iterator[Case]:
    """Cases, one by one, in the order of the kinds (none: all); `most` of each kind at most.

    The same seed gives the same cases. ValueError for an unknown kind, before anything is drawn.
    """
    pieces = {kind: int(section_of(kind)["pieces"]) for kind in kinds or all_kinds()}
    return (
        draw_case(kind, number, seed)
        for kind, n in pieces.items()
        for number in range(n if most is None else min(n, most))
    )


def draw_case(kind: str, number: int, seed: int = SEED) -> Case:
    """One case of a kind; ValueError for an unknown one."""
    own, time, notes, sound = (np.random.default_rng([seed, number, k]) for k in range(4))
    settings = Settings.draw(kind, own)
    passages = draw_passages(settings, time)
    score = write_score(settings, passages, notes)
    length_s = float(passages[-1].edges_s[-1]) + settings.tail_s
    tuning_cents = (settings.cents, settings.cents + settings.wander_cents)

    def tuning_at(time_s: float) -> float:
        return float(np.interp(time_s, (0, length_s), tuning_cents))

    wave = play(score, settings, length_s, tuning_at, AudioConfig.sample_rate, sound)
    timed = [] if settings.texture in TIMELESS else passages
    return Case(
        name=f"{kind} {number + 1}",
        group=section_of(kind)["group"],
        kind=kind,
        wave=wave,
        beats_s=np.concatenate([[], *(p.edges_s[:-1] for p in timed)]),
        positions=np.concatenate(
            [np.zeros(0, int), *(np.arange(p.n_beats) % p.metre.beats for p in timed)]
        ),
        metres=_by_beat(timed, [p.metre.beats for p in timed]),
        divisions=_by_beat(timed, [p.metre.division for p in timed]),
        tune=score.tune,
        chords=tuple(score.chords),
        tuning_cents=tuning_cents,
        parts_s=tuple((float(p.edges_s[0]), float(p.edges_s[-1]) - p.held_s) for p in timed),
        rests_s=_rests(passages),
    )


def _by_beat(passages: Sequence[Passage], values: Sequence[int]) -> np.ndarray:
    """(N,) int: a value of each passage, at each of its beats."""
    return np.repeat(np.array(values, int), [p.n_beats for p in passages])


def _rests(passages: Sequence[Passage]) -> tuple[Span, ...]:
    gaps = (
        (float(before.edges_s[-1]), float(after.edges_s[0]))
        for before, after in zip(passages[:-1], passages[1:], strict=True)
    )
    return tuple(
        (end_s + RINGING_S, start_s - UPBEAT_S)
        for end_s, start_s in gaps
        if start_s - end_s >= SHORTEST_REST_S
    )
