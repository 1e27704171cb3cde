"""Runs of frames."""

import numpy as np

from kcarol.voice.choir.runs import runs, without_short_gaps, without_short_runs

HOLDS = np.array([0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0], bool)


def test_runs_are_found_with_their_ends():
    assert runs(HOLDS).tolist() == [[1, 3], [6, 7], [8, 11]]
    assert runs(np.ones(3, bool)).tolist() == [[0, 3]]
    assert runs(np.zeros(3, bool)).shape == (0, 2)


def test_short_runs_are_dropped():
    assert runs(without_short_runs(HOLDS, 2)).tolist() == [[1, 3], [8, 11]]


def test_short_gaps_are_closed_but_not_those_at_both_ends():
    assert runs(without_short_gaps(HOLDS, 2)).tolist() == [[1, 3], [6, 11]]
    assert runs(without_short_gaps(HOLDS, 9)).tolist() == [[1, 11]]
    assert not without_short_gaps(np.zeros(4, bool), 9).any()
