"""Where the sections of a song begin: at bars where its sound changes, or what is repeated.

Evidence for each bar from a logistic regression; of all ways to part the song the likeliest, by
dynamic programming, for sections are mostly 8 bars long, or 4, or 16.
"""

from __future__ import annotations

import numpy as np

from kcarol.transcription.form.bar_features import BarFeatures
from kcarol.transcription.form.repetition import SAME, bar_similarity, likeness, repetitions

# Log-odds that a section begins: a logistic regression on 50 composed songs, whose constant is
# raised, since sections are then chosen by their lengths, too. Their bands hardly change level and
# density with a section; those of records do.
CONSTANT = -3.8
WEIGHTS = {
    "level": 0.5,
    "energy": 0.5,
    "onsets": 0.3,
    "sung": 1.5,
    "pitch": 1.2,
    "notes": 0.5,
    "harmony": 0.5,
    "begins": 1.6,
    "ends": 1.1,
    "others": 2.6,
    "nothing_again": 1.0,
}
UPBEAT = 1 / 4  # of a bar, by which a tune may begin before its section
AROUND_BARS = 4  # on either side, whose means are compared
USUAL_CHANGE = 90  # percentile of a song's changes that counts as one
LEAST_CHANGES = {
    "level": 2.0,
    "energy": 0.1,
    "onsets": 1.0,
    "sung": 0.3,
    "pitch": 2.0,
    "notes": 0.7,
}
LEAST_CONTRAST = 0.1  # of harmony
AGAIN = 0.7  # weight of all bars of the same music beside the bar itself
MOST_REPEATS = 3  # that count
SURE = 100.0  # log-odds where a section must begin

MOST_BARS = 64  # of a section
# nats that a section costs by its number of bars
ODD_COST, EVEN_COST, FOUR_COST = 4.0, 2.5, 0.3  # not a multiple of 2; of 4; of 8
SHORT_COST = 1.0  # below 4 bars
LONG_COST = 1.5  # 8 bars more than 8
EDGE_COST = 1.0  # of the first and the last section at most, but for their length
LONE_BAR_COST = 5.0


def section_starts(bars: BarFeatures, changes: np.ndarray) -> np.ndarray:
    """Numbers of the bars (S,) with which sections begin, 0 the first; `changes` among them."""
    log_odds = boundary_evidence(bars)
    log_odds[changes] = SURE
    n_bars = len(bars)
    costs, edge_costs = (
        np.array([0.0, *(length_cost(n, is_edge) for n in range(1, MOST_BARS + 1))])
        for is_edge in (False, True)
    )
    best, came_from = np.zeros(n_bars + 1), np.zeros(n_bars + 1, int)
    for stop in range(1, n_bars + 1):
        starts = np.arange(max(0, stop - MOST_BARS), stop)
        is_edge = (starts == 0) | (stop == n_bars)
        cost = np.where(is_edge, edge_costs[stop - starts], costs[stop - starts])
        totals = best[starts] + np.where(starts > 0, log_odds[starts], 0) - cost
        came_from[stop] = starts[totals.argmax()]
        best[stop] = totals.max()
    path = [int(came_from[n_bars])]
    while path[-1] > 0:
        path.append(int(came_from[path[-1]]))
    return np.array(path[::-1])


def length_cost(n_bars: int, is_edge: bool) -> float:
    """Nats that a section of `n_bars` costs, at an edge of the song or not."""
    cost = ODD_COST if n_bars % 2 else EVEN_COST if n_bars % 4 else FOUR_COST if n_bars % 8 else 0.0
    cost += SHORT_COST * (n_bars < 4)
    cost = min(cost, EDGE_COST) if is_edge else cost
    return cost + LONE_BAR_COST * (n_bars == 1) + LONG_COST * max(0, n_bars - 8) / 8


def boundary_evidence(bars: BarFeatures) -> np.ndarray:
    """(N,) log-odds that a section begins with a bar."""
    similarity = bar_similarity(bars)
    group = repetitions(bars).group
    in_group = group[:, None] == group
    comes_again = in_group.sum(1) > 1
    begins, ends, others = repeats_that_change(likeness(similarity) >= SAME)
    evidence = {
        "level": change(bars.level_db, 1, "level"),
        "energy": change(bars.energy, AROUND_BARS, "energy"),
        "onsets": change(bars.onset_rate, AROUND_BARS, "onsets"),
        "sung": change(sung_with_upbeat(bars.tune), 1, "sung"),
        "pitch": change(bars.pitch, AROUND_BARS, "pitch"),
        "notes": change(bars.note_rate, AROUND_BARS, "notes"),
        "harmony": contrast(similarity),
        "begins": begins,
        "ends": ends,
        "others": others,
        "nothing_again": np.full(len(bars), 1 - comes_again.mean()),
    }
    log_odds = CONSTANT + sum(weight * evidence[name] for name, weight in WEIGHTS.items())
    # a boundary lies at the same place of the music each time
    alike = in_group @ log_odds / in_group.sum(1)
    return (1 - AGAIN) * log_odds + AGAIN * alike


def change(values: np.ndarray, n_bars: int, name: str) -> np.ndarray:
    """(N,) -> (N,): how far the means of `n_bars` before and after each bar's beginning differ, in
    units of the song's larger changes.
    """
    total = np.append(0.0, np.cumsum(values))
    bar = np.arange(len(values))
    first, last = (bar - n_bars).clip(0), (bar + n_bars).clip(max=len(values))
    before = (total[bar] - total[first]) / (bar - first).clip(1)
    changes = np.abs((total[last] - total[bar]) / (last - bar) - before)
    changes[0] = 0
    return changes / max(np.percentile(changes, USUAL_CHANGE), LEAST_CHANGES[name])


def sung_with_upbeat(tune: np.ndarray) -> np.ndarray:
    """(N, slots, 12) -> (N,): share in which the tune sounds, from UPBEAT before each bar."""
    slots = tune.sum(2).ravel()
    n_slots = tune.shape[1]
    return np.pad(slots, (round(UPBEAT * n_slots), 0))[: len(slots)].reshape(-1, n_slots).mean(1)


def contrast(similarity: np.ndarray) -> np.ndarray:
    """(N, N) -> (N,): similarity within AROUND_BARS before and within those after a bar's
    beginning, less that between them: Foote's checkerboard ("Automatic audio segmentation using a
    measure of audio novelty", ICME 2000).
    """
    found = np.zeros(len(similarity))
    for bar in range(1, len(similarity)):
        around = similarity[
            max(0, bar - AROUND_BARS) : bar + AROUND_BARS,
            max(0, bar - AROUND_BARS) : bar + AROUND_BARS,
        ]
        n = min(bar, AROUND_BARS)
        within = (around[:n, :n].mean() + around[n:, n:].mean()) / 2
        found[bar] = within - around[:n, n:].mean()
    return found / max(np.percentile(found, USUAL_CHANGE), LEAST_CONTRAST)


def repeats_that_change(same: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, N) bool -> (N,) each: repeats of the music that begin with a bar, and that end before
    it, as shares of MOST_REPEATS; and both as a share of all repeats around (as in Serrà et al.,
    "Unsupervised music structure annotation by time series structure features and segment
    similarity", IEEE TMM 2014).
    """
    bar = np.arange(len(same))
    same = same & (np.abs(bar[:, None] - bar) >= AROUND_BARS)
    before, here = np.pad(same, ((1, 0), (1, 0))), np.pad(same, ((0, 1), (0, 1)))
    n_begin, n_end = ((one & ~other).sum(1)[:-1] for one, other in ((here, before), (before, here)))
    n_around = np.maximum(here.sum(1), before.sum(1))[:-1].clip(1)
    begins, ends = (np.minimum(n, MOST_REPEATS) / MOST_REPEATS for n in (n_begin, n_end))
    return begins, ends, (n_begin + n_end) / n_around
