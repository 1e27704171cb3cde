"""Results of listening tests: a CSV of answers, and summaries with intervals."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

AXES = ("tune kept", "harmony", "carol-likeness", "sound quality")
REFERENCE = "reference"  # the hidden one of a rating
COLUMNS = ("time", "listener", "test", "seed", "trial", "song", "system", "axis", "score")
QUESTION = COLUMNS[1:-1]  # columns that tell which question a row answers
N_BOOTSTRAPS = 2_000
# BS.1534-3, section 4.1.2: the hidden reference below 90 in over 15 % of trials
RELIABLE_SCORE, RELIABLE_SHARE = 90, 0.15


class BlindTestError(ValueError):
    """Invalid stimuli, answers or results files, in one line."""


def append_results(path: Path | str, rows: Sequence[Mapping]) -> None:
    """Add rows to a CSV, in one write; a new file gets COLUMNS as its first line. BlindTestError
    for a CSV of another kind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", newline="", encoding="utf-8") as file:
        file.seek(0)
        text = file.read()
        header = text.partition("\n")[0].strip()
        if header and header != ",".join(COLUMNS):
            raise BlindTestError(
                f"{path}: expected a CSV with {','.join(COLUMNS)}, found {header!r}: "
                "give another name"
            )
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not header:
            writer.writeheader()
        elif not text.endswith("\n"):
            file.write("\n")  # after a row that was cut off
        writer.writerows(rows)


def read_results(path: Path | str) -> list[dict]:
    """Rows of `append_results`, `score` a number; without those that were cut off, for instance by
    a full disk. BlindTestError for a CSV of another kind.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        rows = list(table)
    if table.fieldnames and set(table.fieldnames) != set(COLUMNS):
        found = ",".join(map(str, table.fieldnames))
        raise BlindTestError(f"{path}: expected a CSV with {','.join(COLUMNS)}, found {found}")
    try:
        return [row | {"score": float(row["score"])} for row in rows if row["score"]]
    except ValueError as error:
        raise BlindTestError(f"{path}: expected scores that are numbers: {error}") from None


def question(row: Mapping) -> tuple[str, ...]:
    """What a row of a file answers: whose test, which trial, song, system and axis."""
    return tuple(str(row[name]) for name in QUESTION)


def answered_once(rows: Iterable[Mapping]) -> list[Mapping]:
    """Rows without later answers to the same question, of a test that was taken again; rows that
    do not tell their question are kept.
    """
    once, seen = [], set()
    for row in rows:
        asked = question(row) if set(QUESTION) <= set(row) else len(once)
        if asked not in seen:
            once.append(row)
        seen.add(asked)
    return once


def bootstrap_interval(
    values: Sequence[float], seed: int = 0, share: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the mean of (N,) (Efron 1979). BlindTestError without values.

    `scipy.stats.bootstrap` refuses a single value, and the name of its seed changed in 1.15.
    """
    if not len(values):
        raise BlindTestError("expected at least one value, found none")
    values = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(seed).integers(len(values), size=(N_BOOTSTRAPS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def abx_summary(rows: Iterable[Mapping], seed: int = 0) -> dict:
    """n, correct, share with its interval low and high, and p of guessing (binomial, one-sided).
    A trial counts once.
    """
    scores = [float(row["score"]) for row in answered_once(rows) if row["test"] == "abx"]
    low, high = bootstrap_interval(scores, seed)
    n, correct = len(scores), int(sum(scores))
    p = float(binomtest(correct, n, 0.5, alternative="greater").pvalue)
    return {"n": n, "correct": correct, "share": correct / n, "low": low, "high": high, "p": p}


def rating_summary(rows: Iterable[Mapping], seed: int = 0) -> list[dict]:
    """For each system and axis, in order of appearance: n, mean, low, high (0 to 100)."""
    scores: dict[tuple[str, str], list[float]] = {}
    for row in answered_once(rows):
        if row["test"] == "rating":
            scores.setdefault((row["system"], row["axis"]), []).append(float(row["score"]))
    summary = []
    for (system, axis), values in scores.items():
        low, high = bootstrap_interval(values, seed)
        mean = float(np.mean(values))
        row = {"system": system, "axis": axis, "n": len(values), "mean": mean}
        summary.append(row | {"low": low, "high": high})
    return summary


def unreliable_listeners(rows: Iterable[Mapping]) -> list[str]:
    """Listeners whom BS.1534-3 leaves out: they do not hear the hidden reference."""
    below: dict[str, list[bool]] = {}
    for row in answered_once(rows):
        if (row["test"], row["system"], row["axis"]) == ("rating", REFERENCE, AXES[-1]):
            below.setdefault(row["listener"], []).append(float(row["score"]) < RELIABLE_SCORE)
    return [listener for listener, low in below.items() if np.mean(low) > RELIABLE_SHARE]


def abx_line(summary: Mapping) -> str:
    """A summary of `abx_summary` as text."""
    return (
        "{correct} of {n} right, {share:.0%} (95 % interval {low:.0%} to {high:.0%}); "
        "by guessing alone p = {p:.3f}"
    ).format(**summary)


def rating_table(rows: Sequence[Mapping]) -> str:
    """Rows of `rating_summary` as text: mean and interval, systems down and axes across."""
    width = max([len("system"), *(len(row["system"]) for row in rows)])
    lines = [f"{'system':<{width}}" + "".join(f"  {axis:>15}" for axis in AXES)]
    for system, of_system in groupby(rows, key=lambda row: row["system"]):
        cells = {
            row["axis"]: f"{row['mean']:3.0f} [{row['low']:.0f}, {row['high']:.0f}]"
            for row in of_system
        }
        lines.append(f"{system:<{width}}" + "".join(f"  {cells.get(a, '–'):>15}" for a in AXES))
    return "\n".join(lines)
