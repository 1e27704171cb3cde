"""A case's answers."""

import numpy as np

from kcarol.dataset.cases import Case


def a_case(**changed):
    plain = {
        "name": "plain 1",
        "group": "tempo",
        "kind": "plain",
        "wave": np.zeros(32_000, np.float32),
        "beats_s": np.arange(4) * 0.5,
        "positions": np.array([0, 1, 0, 1]),
        "metres": np.full(4, 2),
        "divisions": np.full(4, 2),
        "tune": (),
        "chords": (),
        "tuning_cents": (-10.0, 30.0),
        "parts_s": ((0.0, 2.0),),
    }
    return Case(**plain | changed)


def test_bars_begin_at_position_0():
    assert a_case().downbeats_s.tolist() == [0.0, 1.0]


def test_tuning_is_a_straight_line_over_the_piece():
    assert a_case().tuning_at(np.array([0, 1, 2])).tolist() == [-10, 10, 30]
