"""Facts about the listening test: it is blind, fair, and keeps every answer."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook.listening_results import (
    AXES,
    COLUMNS,
    BlindTestError,
    abx_summary,
    rating_summary,
    read_results,
)
from kcarol.notebook.listening_test import AbxTest, RatingTest, draw_abx, draw_ratings, with_anchors

RATE = AudioConfig.sample_rate
SYSTEMS = ("kcarol", "reference", "song", "other carol", "dull")


def test_abx_is_drawn_from_the_seed_and_balanced():
    draw = partial(draw_abx, ["one", "two"], ("kcarol", "reference"), 16)
    trials = draw(3)
    assert trials == draw(3) != draw(4)
    assert Counter(trial.x for trial in trials) == {"kcarol": 8, "reference": 8}
    assert Counter(trial.song for trial in trials) == {"one": 8, "two": 8}
    assert {trial.a for trial in trials} == {"kcarol", "reference"}
    assert all({trial.a, trial.b} == {"kcarol", "reference"} for trial in trials)


def test_answers_in_abx_do_not_follow_a_pattern():
    answers = [
        "".join(trial.answer for trial in draw_abx(["one"], ("p", "q"), 8, seed))
        for seed in range(40)
    ]
    assert len(set(answers)) > 30
    assert 0.4 < np.mean([answer == "A" for answer in "".join(answers)]) < 0.6


def test_ratings_hide_all_systems_of_each_song_in_random_order():
    trials = draw_ratings(["one", "two", "three"], SYSTEMS, 1)
    assert sorted(trial.song for trial in trials) == ["one", "three", "two"]
    assert all(sorted(trial.order) == sorted(SYSTEMS) for trial in trials)
    assert len({trial.order for trial in trials}) > 1


@pytest.mark.parametrize(
    "wrong", [([], ("a", "b"), 4), (["s"], ("a", "a"), 4), (["s"], ("a", "b"), 0)]
)
def test_nothing_to_tell_apart_is_refused(wrong):
    with pytest.raises(BlindTestError, match="expected songs"):
        draw_abx(*wrong, seed=0)


def test_every_answer_is_in_the_file_at_once_and_two_listeners_share_it(tmp_path):
    out = tmp_path / "new" / "results.csv"
    for listener in ("ann", "bo"):
        test = AbxTest(draw_abx(["one"], ("p", "q"), 3, 5), out, 5, listener)
        assert test.answer(test.trial.answer) is True
        assert test.answer({"A": "B", "B": "A"}[test.trial.answer]) is False
        test.answer(test.trial.answer)
        assert test.done
        with pytest.raises(BlindTestError, match="expected A or B"):
            test.answer("A")
    found = [(row["listener"], row["score"]) for row in read_results(out)]
    assert found == [(who, score) for who in ("ann", "bo") for score in (1, 0, 1)]
    assert out.read_text().splitlines()[0] == ",".join(COLUMNS)


def test_a_test_that_was_stopped_goes_on_for_its_listener_and_counts_each_trial_once(tmp_path):
    out, trials = tmp_path / "a.csv", draw_abx(["one", "two"], ("p", "q"), 16, 5)
    for n_answers in (10, 3, 3):
        test = AbxTest(trials, out, 5, "ann")
        for _ in range(n_answers):
            test.answer(test.trial.answer)
    assert test.done and AbxTest(trials, out, 5, "ann").done
    assert test.summary().startswith("16 of 16 right")
    assert abx_summary(read_results(out))["n"] == 16
    assert [AbxTest(trials, out, *who).number for who in ((5, "bo"), (6, "ann"))] == [0, 0]


def test_other_songs_with_the_same_seed_are_another_test(tmp_path):
    out = tmp_path / "a.csv"
    for songs in (["one"], ["other"]):
        test = AbxTest(draw_abx(songs, ("p", "q"), 2, 5), out, 5)
        while not test.done:
            test.answer("A")
    assert abx_summary(read_results(out))["n"] == 4


def test_a_rating_goes_on_at_the_trial_without_all_its_scores(tmp_path):
    out, trials = tmp_path / "r.csv", draw_ratings(["one", "two", "three"], SYSTEMS, 2)
    scores = [dict.fromkeys(AXES, 50)] * len(SYSTEMS)
    RatingTest(trials, out).answer(scores)
    RatingTest(trials, out).answer(scores)
    lines = out.read_text().splitlines()
    out.write_text("\n".join([*lines[:-1], lines[-1][:20]]))  # the disk was full
    test = RatingTest(trials, out)
    assert test.number == 1
    while not test.done:
        test.answer(scores)
    rated = rating_summary(read_results(out))
    assert {row["n"] for row in rated} == {3} and len(rated) == len(SYSTEMS) * len(AXES)


def test_scores_go_to_the_systems_behind_the_numbers(tmp_path):
    test = RatingTest(draw_ratings(["one"], SYSTEMS, 2), tmp_path / "r.csv")
    order = test.trial.order
    test.answer([dict.fromkeys(AXES, 10 * i) for i in range(len(order))])
    found = {row["system"]: row["score"] for row in read_results(tmp_path / "r.csv")}
    assert found == {system: 10.0 * i for i, system in enumerate(order)}
    assert test.summary().startswith("system")


@pytest.mark.parametrize("scores", [[], [{"tune kept": 1}] * 5, [dict.fromkeys(AXES, 101)] * 5])
def test_incomplete_scores_are_refused_and_not_written(tmp_path, scores):
    test = RatingTest(draw_ratings(["one"], SYSTEMS, 2), tmp_path / "r.csv")
    with pytest.raises(BlindTestError, match="expected"):
        test.answer(scores)
    assert not (tmp_path / "r.csv").exists() and test.number == 0


def test_anchors_keep_lengths_and_the_dull_one_has_no_treble(tone):
    reference = tone(1, 500) + tone(1, 6000)
    found = with_anchors(tone(1), tone(1, 300), reference, tone(1, 200))
    assert tuple(found) == SYSTEMS and {len(wave) for wave in found.values()} == {RATE}
    spectrum = np.abs(np.fft.rfft(found["dull"])) / np.abs(np.fft.rfft(reference)).max()
    assert spectrum[500] > 0.99 and spectrum[6000] < 1e-3
