"""A blind listening test without its widgets: trials drawn from a seed, answers in a CSV, summaries
with intervals.

ABX asks whether two things can be told apart. The rating is MUSHRA-like (ITU-R BS.1534-3): an open
song, and behind numbers its carol, a hidden reference and anchors, each rated 0 to 100 on the axes
of AXES.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.stats import binomtest

AXES = ("tune kept", "harmony", "carol-likeness", "sound quality")
COLUMNS = ("time", "listener", "test", "seed", "trial", "song", "system", "axis", "score")
OURS, REFERENCE = "kcarol", "reference"
ANCHORS = ("song", "other carol", "dull")  # not a carol; not this tune; not a good sound
DULL_HZ = 3_500.0  # BS.1534-3, section 5.1: the low-range anchor
BOOTSTRAPS = 2_000
# BS.1534-3, section 4.1.2: the hidden reference below 90 in over 15 % of trials
RELIABLE_SCORE, RELIABLE_SHARE = 90, 0.15


class BlindTestError(ValueError):
    """Stimuli, an answer or a results file that do not fit, in one line."""


@dataclass(frozen=True)
class AbxTrial:
    """Two systems of one song, and which of them X is."""

    song: str
    a: str
    b: str
    x: str

    @property
    def labels(self) -> str:
        return "A" if self.x == self.a else "B"


@dataclass(frozen=True)
class RatingTrial:
    """One song, and the systems behind the numbers 1, 2, ..."""

    song: str
    order: tuple[str, ...]


def draw_abx(
    songs: Sequence[str], systems: tuple[str, str], n_trials: int, seed: int
) -> list[AbxTrial]:
    """Trials in random order; X is each system equally often (by one at most), A and B change
    places. ValueError for none.
    """
    if not songs or len(set(systems)) != 2 or n_trials < 1:
        raise BlindTestError(
            f"expected songs, two systems and trials, found {list(songs)}, {systems} and {n_trials}"
        )
    rng = np.random.default_rng(seed)
    hidden = rng.permutation([systems[i % 2] for i in range(n_trials)])
    chosen = rng.permutation([songs[i % len(songs)] for i in range(n_trials)])
    pairs = [rng.permutation(systems) for _ in range(n_trials)]
    return [
        AbxTrial(str(song), str(a), str(b), str(x))
        for song, (a, b), x in zip(chosen, pairs, hidden, strict=True)
    ]


def draw_ratings(songs: Sequence[str], systems: Sequence[str], seed: int) -> list[RatingTrial]:
    """One trial a song, songs and systems in random order. ValueError without songs, or with fewer
    than two systems.
    """
    if not songs or len(set(systems)) < 2:
        raise BlindTestError(
            f"expected songs and at least two systems, found {list(songs)} and {list(systems)}"
        )
    rng = np.random.default_rng(seed)
    return [
        RatingTrial(str(song), tuple(str(s) for s in rng.permutation(systems)))
        for song in rng.permutation(songs)
    ]


def with_anchors(
    song: np.ndarray,
    carol: np.ndarray,
    reference: np.ndarray,
    other_carol: np.ndarray,
    sample_rate: int,
) -> dict[str, np.ndarray]:
    """What one song is rated in: our carol, the true carol as hidden reference, and ANCHORS; waves
    (T,), one for each system.

    Every axis has an anchor that must fail on it: the song is no carol, another song's carol has
    neither tune nor harmony, and the reference without treble sounds dull.
    """
    waves = (carol, reference, song, other_carol, low_passed(reference, sample_rate))
    return dict(zip((OURS, REFERENCE, *ANCHORS), waves, strict=True))


def low_passed(wave: np.ndarray, sample_rate: int, cutoff_hz: float = DULL_HZ) -> np.ndarray:
    """(T,) -> (T,) float32 without what lies above the cutoff; zero phase."""
    sections = butter(8, cutoff_hz, fs=sample_rate, output="sos")
    return sosfiltfilt(sections, wave, padlen=min(100, len(wave) - 1)).astype(np.float32)


class AbxTest:
    """The trials of one listener, one after the other; every answer is written at once."""

    kind = "abx"

    def __init__(
        self,
        trials: Sequence[AbxTrial],
        out: Path | str,
        seed: int = 0,
        listener: str = "anonymous",
    ):
        self.trials, self.out, self.seed, self.listener = list(trials), Path(out), seed, listener
        self.rows: list[dict] = []
        self.number = 0  # of the trial at hand

    @property
    def done(self) -> bool:
        return self.number >= len(self.trials)

    @property
    def trial(self) -> AbxTrial:
        return self.trials[self.number]

    def answer(self, choice: str) -> bool:
        """ "A" or "B" for what X is; says whether that was right, and goes on. BlindTestError for
        anything else.
        """
        if self.done or choice not in ("A", "B"):
            raise BlindTestError(
                f"expected A or B for one of {len(self.trials)} trials, found {choice!r} for {self.number + 1}"
            )
        right, trial = choice == self.trial.labels, self.trial
        self._keep(
            [
                {
                    "song": trial.song,
                    "system": " / ".join(sorted((trial.a, trial.b))),
                    "axis": "abx",
                    "score": int(right),
                }
            ]
        )
        return right

    def _keep(self, found: Iterable[Mapping]) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        head = {
            "time": now,
            "listener": self.listener,
            "test": self.kind,
            "seed": self.seed,
            "trial": self.number,
        }
        rows = [head | dict(row) for row in found]
        append_results(self.out, rows)
        self.rows += rows
        self.number += 1

    def summary(self) -> str:
        return abx_line(abx_summary(self.rows)) if self.rows else "no answer yet"


class RatingTest(AbxTest):
    """The same for ratings."""

    kind = "rating"

    def answer(self, scores: Sequence[Mapping[str, float]]) -> None:
        """Scores of the systems 1, 2, ... of this trial, each {axis: 0 to 100} on all AXES.
        BlindTestError for others.
        """
        if self.done or len(scores) != len(self.trial.order):
            raise BlindTestError(
                f"expected scores for one of {len(self.trials)} trials, found trial {self.number + 1} with "
                f"{len(scores)} scores"
            )
        if any(
            set(given) != set(AXES) or not all(0 <= value <= 100 for value in given.values())
            for given in scores
        ):
            raise BlindTestError(
                f"expected a score of 0 to 100 on each of {', '.join(AXES)}, found {list(scores)}"
            )
        given = zip(self.trial.order, scores, strict=True)
        self._keep(
            {"song": self.trial.song, "system": system, "axis": axis, "score": float(values[axis])}
            for system, values in given
            for axis in AXES
        )

    def summary(self) -> str:
        return rating_table(rating_summary(self.rows)) if self.rows else "no answer yet"


def append_results(path: Path | str, rows: Sequence[Mapping]) -> None:
    """Add rows to a CSV, in one write; a new file gets COLUMNS as its first line. BlindTestError
    for a CSV of another kind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", newline="", encoding="utf-8") as file:
        file.seek(0)
        if head := file.readline().strip():
            if head != ",".join(COLUMNS):
                raise BlindTestError(
                    f"{path}: expected a CSV with {','.join(COLUMNS)}, found {head!r}: give another name"
                )
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not head:
            writer.writeheader()
        writer.writerows(rows)


def read_results(path: Path | str) -> list[dict]:
    """Rows of `append_results`, `score` a number. BlindTestError for a CSV of another kind."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and set(rows[0]) != set(COLUMNS):
        raise BlindTestError(
            f"{path}: expected a CSV with {','.join(COLUMNS)}, found {','.join(map(str, rows[0]))}"
        )
    return [row | {"score": float(row["score"])} for row in rows]


def bootstrap_interval(
    values: Sequence[float], seed: int = 0, share: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the mean of (N,), trials drawn again with replacement (Efron 1979).
    ValueError without values.
    """
    values = np.asarray(values, dtype=float)
    if not len(values):
        raise BlindTestError("expected at least one value, found none")
    drawn = np.random.default_rng(seed).integers(len(values), size=(BOOTSTRAPS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def abx_summary(rows: Iterable[Mapping], seed: int = 0) -> dict:
    """n, correct, share, its interval low and high, and p: that guessing does as well (one-sided
    binomial test).
    """
    scores = [float(row["score"]) for row in rows if row["test"] == "abx"]
    low, high = bootstrap_interval(scores, seed)
    n, correct = len(scores), int(sum(scores))
    p = float(binomtest(correct, n, 0.5, alternative="greater").pvalue)
    return {"n": n, "correct": correct, "share": correct / n, "low": low, "high": high, "p": p}


def rating_summary(rows: Iterable[Mapping], seed: int = 0) -> list[dict]:
    """A row for each system and axis, as they first come: n, mean, low, high (0 to 100)."""
    scores: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["test"] == "rating":
            scores.setdefault((row["system"], row["axis"]), []).append(float(row["score"]))
    found = []
    for (system, axis), values in scores.items():
        low, high = bootstrap_interval(values, seed)
        found.append(
            {
                "system": system,
                "axis": axis,
                "n": len(values),
                "mean": float(np.mean(values)),
                "low": low,
                "high": high,
            }
        )
    return found


def unreliable_listeners(rows: Iterable[Mapping]) -> list[str]:
    """Listeners who rate the hidden reference's sound below 90 in more than 15 % of their trials
    (BS.1534-3, 4.1.2).
    """
    below: dict[str, list[bool]] = {}
    for row in rows:
        if (row["test"], row["system"], row["axis"]) == ("rating", REFERENCE, AXES[-1]):
            below.setdefault(row["listener"], []).append(float(row["score"]) < RELIABLE_SCORE)
    return [listener for listener, low in below.items() if np.mean(low) > RELIABLE_SHARE]


def abx_line(found: Mapping) -> str:
    return (
        f"{found['correct']} of {found['n']} right, {found['share']:.0%} (95 % interval {found['low']:.0%} to "
        f"{found['high']:.0%}); by guessing alone p = {found['p']:.3f}"
    )


def rating_table(rows: Sequence[Mapping]) -> str:
    """Mean and interval, systems down and axes across, as text."""
    cells = {
        (row["system"], row["axis"]): f"{row['mean']:3.0f} [{row['low']:.0f}, {row['high']:.0f}]"
        for row in rows
    }
    systems = list(dict.fromkeys(row["system"] for row in rows))
    width = max([len("system"), *map(len, systems)])
    lines = [f"{'system':<{width}}" + "".join(f"  {axis:>15}" for axis in AXES)]
    lines += [
        f"{name:<{width}}" + "".join(f"  {cells.get((name, axis), '–'):>15}" for axis in AXES)
        for name in systems
    ]
    return "\n".join(lines)
