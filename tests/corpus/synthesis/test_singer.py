"""Singers: how they are drawn."""

import numpy as np
import pytest

from kcarol.corpus.synthesis.singer import Singer


def test_a_woman_has_higher_formants_than_a_man():
    rng = np.random.default_rng(0)
    women, men = ([Singer.draw(rng, kind).tract for _ in range(30)] for kind in ("female", "male"))
    assert np.mean(women) > 1.1 * np.mean(men)


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="robot"):
        Singer.draw(np.random.default_rng(0), "robot")
