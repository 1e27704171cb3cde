"""Random choices from short lists."""

import numpy as np

from kcarol.corpus.draws import pick, pick_weighted


def test_items_are_drawn_by_their_weights():
    rng = np.random.default_rng(0)
    drawn = [pick_weighted(rng, "abc", (1, 0, 3)) for _ in range(4000)]
    assert "b" not in drawn and abs(drawn.count("c") / len(drawn) - 0.75) < 0.03


def test_without_weights_all_items_are_equally_likely():
    for draw in (pick, pick_weighted):
        rng = np.random.default_rng(0)
        drawn = [draw(rng, "abcd") for _ in range(4000)]
        assert all(abs(drawn.count(letter) / len(drawn) - 0.25) < 0.03 for letter in "abcd")
