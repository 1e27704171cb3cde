"""Facts about results of listening tests: files, intervals, summaries."""

import numpy as np
import pytest

from kcarol.notebook.listening_results import (
    AXES,
    COLUMNS,
    BlindTestError,
    abx_line,
    abx_summary,
    append_results,
    bootstrap_interval,
    rating_summary,
    rating_table,
    read_results,
    unreliable_listeners,
)


def abx_rows(right):
    return [{"test": "abx", "score": int(i < right)} for i in range(16)]


def rating_row(**values):
    row = {"test": "rating", "listener": "a", "system": "reference", "axis": "sound quality"}
    return row | {"score": 90} | values


def test_other_csv_files_are_neither_appended_to_nor_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,2\n")
    with pytest.raises(BlindTestError, match="give another name"):
        append_results(path, [dict.fromkeys(COLUMNS, 1)])
    with pytest.raises(BlindTestError, match="expected a CSV"):
        read_results(path)
    assert path.read_text() == "step,loss\n1,2\n"


def test_what_is_appended_is_read(tmp_path):
    row = dict.fromkeys(COLUMNS, "x") | {"score": 1.0}
    for _ in range(2):
        append_results(tmp_path / "a.csv", [row])
    assert read_results(tmp_path / "a.csv") == [row, row]


def test_of_answers_to_one_question_the_first_counts():
    row = dict.fromkeys(COLUMNS, "x") | {"test": "abx", "score": 1}
    again = [row, row | {"score": 0, "time": "later"}, row | {"trial": "y"}]
    assert abx_summary(again)["n"] == abx_summary(again)["correct"] == 2
    rated = [r | {"test": "rating"} for r in again]
    assert [(r["n"], r["mean"]) for r in rating_summary(rated)] == [(2, 1)]


def test_a_row_that_was_cut_off_is_no_answer_and_the_next_one_is_whole(tmp_path):
    row = dict.fromkeys(COLUMNS, "x") | {"score": 1.0}
    append_results(tmp_path / "a.csv", [row])
    with (tmp_path / "a.csv").open("a") as file:
        file.write("x,x,x,x")
    assert read_results(tmp_path / "a.csv") == [row]
    append_results(tmp_path / "a.csv", [row])
    assert read_results(tmp_path / "a.csv") == [row, row]
    (tmp_path / "a.csv").write_text(",".join(COLUMNS) + "\n" + ",".join("x" * len(COLUMNS)))
    with pytest.raises(BlindTestError, match="scores that are numbers"):
        read_results(tmp_path / "a.csv")


def test_an_abx_summary_tells_hearing_from_guessing():
    heard, guessed = abx_summary(abx_rows(14)), abx_summary(abx_rows(8))
    assert heard["p"] == pytest.approx(sum([120, 16, 1]) / 2**16)  # 16 over 14, 15, 16
    assert guessed["p"] > 0.5 and guessed["low"] < 0.5 < guessed["high"] and heard["low"] > 0.5
    assert abx_line(heard).startswith("14 of 16 right, 88%")


def test_the_bootstrap_interval_agrees_with_the_normal_one_and_its_seed():
    values = np.random.default_rng(0).normal(50, 10, 400)
    found = bootstrap_interval(values, seed=1)
    assert found == bootstrap_interval(values, seed=1)
    half = 1.96 * values.std() / 20
    assert found == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15)
    assert bootstrap_interval([3.0]) == (3.0, 3.0)
    with pytest.raises(BlindTestError):
        bootstrap_interval([])


def test_ratings_have_a_mean_for_each_system_and_axis():
    rows = [
        rating_row(system=system, axis=axis, score=score)
        for system, score in (("song", 20), ("reference", 90))
        for axis in AXES
        for _ in range(2)
    ]
    summary = rating_summary(rows)
    assert len(summary) == 2 * len(AXES) and {row["n"] for row in summary} == {2}
    assert {row["mean"] for row in summary if row["system"] == "reference"} == {90}
    head, *lines = rating_table(summary).splitlines()
    assert head.split()[0] == "system" and lines[0].startswith("song")
    assert lines[1].split() == ["reference", *["90", "[90,", "90]"] * 4]


def test_listeners_who_do_not_hear_the_hidden_reference_are_named():
    rows = [rating_row(listener="good", score=95)] * 9 + [rating_row(listener="good", score=80)]
    rows += [rating_row(listener="bad", score=95)] * 4 + [rating_row(listener="bad", score=20)]
    assert unreliable_listeners(rows) == ["bad"]
