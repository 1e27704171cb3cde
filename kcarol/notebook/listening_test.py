"""A blind listening test without its widgets: trials drawn from a seed, answers kept in a CSV.

ABX tests whether two systems can be distinguished. The rating is MUSHRA-like (ITU-R BS.1534-3): an
open song, and behind numbers its carol, a hidden reference and anchors, each rated 0 to 100 on
AXES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from kcarol.notebook.excerpts import rate_of
from kcarol.notebook.listening_results import (
    AXES,
    REFERENCE,
    BlindTestError,
    abx_line,
    abx_summary,
    append_results,
    question,
    rating_summary,
    rating_table,
    read_results,
)

OURS = "kcarol"
ANCHORS = ("song", "other carol", "dull")  # not a carol; not this song; not a good sound
DULL_HZ = 3_500.0  # BS.1534-3, section 5.1: the low-range anchor


@dataclass(frozen=True)
class AbxTrial:
    """Two systems of one song, and which of them X is."""

    song: str
    a: str
    b: str
    x: str

    @property
    def answer(self) -> str:
        return "A" if self.x == self.a else "B"


@dataclass(frozen=True)
class RatingTrial:
    """One song, and the systems behind the numbers 1, 2, ..."""

    song: str
    order: tuple[str, ...]


def draw_abx(
    songs: Sequence[str], systems: tuple[str, str], n_trials: int, seed: int
) -> list[AbxTrial]:
    """Trials in random order. X is each system equally often (by one at most); A and B change
    places. BlindTestError for none.
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
    """One trial a song, songs and systems in random order. BlindTestError without songs, or with
    fewer than two systems.
    """
    if not songs or len(set(systems)) < 2:
        raise BlindTestError(
            f"expected songs and at least two systems, found {list(songs)} and {list(systems)}"
        )
    rng = np.random.default_rng(seed)
    return [
        RatingTrial(str(song), tuple(str(system) for system in rng.permutation(systems)))
        for song in rng.permutation(songs)
    ]


def with_anchors(
    song: np.ndarray, carol: np.ndarray, reference: np.ndarray, other_carol: np.ndarray
) -> dict[str, np.ndarray]:
    """The systems of a rating, waves as of `excerpts`: our carol, the true one hidden, ANCHORS.

    Every axis has an anchor that must fail on it: the song is not a carol, another song's carol
    has neither tune nor harmony, and the reference without treble sounds dull.
    """
    dull = low_passed(reference, rate_of(reference))
    waves = (carol, reference, song, other_carol, dull)
    return dict(zip((OURS, REFERENCE, *ANCHORS), waves, strict=True))


def low_passed(wave: np.ndarray, sample_rate: int, cutoff_hz: float = DULL_HZ) -> np.ndarray:
    """(..., T) -> (..., T) float32 low-passed at the cutoff; zero phase."""
    sections = butter(8, cutoff_hz, fs=sample_rate, output="sos")
    return sosfiltfilt(sections, wave, padlen=min(100, wave.shape[-1] - 1)).astype(np.float32)


class AbxTest:
    """The trials of one listener, one after the other; every answer is written at once.

    Trials of this listener and seed that `out` has an answer to are not asked again: a test that
    was stopped goes on. BlindTestError if `out` is a CSV of another kind.
    """

    kind = "abx"

    def __init__(
        self, trials: Sequence, out: Path | str, seed: int = 0, listener: str = "anonymous"
    ):
        self.trials = list(trials)
        self.out = Path(out)
        self.seed = seed
        self.listener = listener
        self.rows: list[dict] = []  # the answers so far, those of earlier sessions first
        self.open: list[int] = []  # trials without an answer, in order
        earlier = {question(r): r for r in reversed(read_results(out))} if self.out.exists() else {}
        for number, trial in enumerate(self.trials):
            asked = [question(self._row(number, trial, *pair)) for pair in self._pairs(trial)]
            if all(pair in earlier for pair in asked):
                self.rows += [earlier[pair] for pair in asked]
            else:
                self.open.append(number)

    @property
    def number(self) -> int:
        """Of the present trial, from 0; that of trials if all have an answer."""
        return self.open[0] if self.open else len(self.trials)

    @property
    def done(self) -> bool:
        return not self.open

    @property
    def trial(self):
        return self.trials[self.number]

    def answer(self, choice: str) -> bool:
        """ "A" or "B" for what X is; returns whether that is right, and moves to the next trial.
        BlindTestError for anything else.
        """
        if self.done or choice not in ("A", "B"):
            raise BlindTestError(
                f"expected A or B for one of {len(self.trials)} trials, "
                f"found {choice!r} for {self.number + 1}"
            )
        right = choice == self.trial.answer
        self._keep([int(right)])
        return right

    def _pairs(self, trial: AbxTrial) -> list[tuple[str, str]]:
        """System and axis of each score that a trial asks for."""
        return [(" / ".join(sorted((trial.a, trial.b))), "abx")]

    def _row(self, number: int, trial, system: str, axis: str) -> dict:
        """A row of the results, without time and score."""
        return {
            "listener": self.listener,
            "test": self.kind,
            "seed": self.seed,
            "trial": number,
            "song": trial.song,
            "system": system,
            "axis": axis,
        }

    def _keep(self, scores: Sequence[float]) -> None:
        """Write the scores of the present trial, in the order of `_pairs`, and go on."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        rows = [
            {"time": time, **self._row(self.number, self.trial, *pair), "score": score}
            for pair, score in zip(self._pairs(self.trial), scores, strict=True)
        ]
        append_results(self.out, rows)
        self.rows += rows
        self.open.pop(0)

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
                f"expected scores for one of {len(self.trials)} trials, found trial "
                f"{self.number + 1} with {len(scores)} scores"
            )
        if not all(set(row) == set(AXES) for row in scores) or not all(
            0 <= score <= 100 for row in scores for score in row.values()
        ):
            raise BlindTestError(
                f"expected a score of 0 to 100 on each of {', '.join(AXES)}, found {list(scores)}"
            )
        self._keep([float(row[axis]) for row in scores for axis in AXES])

    def _pairs(self, trial: RatingTrial) -> list[tuple[str, str]]:
        return [(system, axis) for system in trial.order for axis in AXES]

    def summary(self) -> str:
        return rating_table(rating_summary(self.rows)) if self.rows else "no answer yet"
