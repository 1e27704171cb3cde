"""Random parameters as text."""

import numpy as np
import pytest

from kcarol.corpus.distributions import draw_parameters, draw_value

N = 4000


def drawn(text: str) -> list:
    rng = np.random.default_rng(0)
    return [draw_value(rng, text) for _ in range(N)]


def test_fixed_values_are_numbers_or_words():
    assert drawn("0.25")[0] == 0.25 and drawn("saw")[0] == "saw"


@pytest.mark.parametrize("text, median", [("uniform 100 900", 500), ("log_uniform 100 900", 300)])
def test_ranges_are_kept(text, median):
    values = drawn(text)
    assert 100 < min(values) < 120 and 800 < max(values) < 900
    assert np.median(values) == pytest.approx(median, rel=0.1)


@pytest.mark.parametrize(
    "text, share_of_zero",
    [
        ("choice 0 0 0 5", 0.75),
        ("mixture 0.6: 0 | 0.4: uniform 1 2", 0.6),
        ("chance 0.2: 0 else uniform 1 2", 0.2),
    ],
)
def test_choices_come_in_their_shares(text, share_of_zero):
    assert np.mean(np.array(drawn(text)) == 0) == pytest.approx(share_of_zero, abs=0.03)


def test_parameters_are_drawn_in_their_order():
    section = {"b": "uniform 0 1", "a": "normal 0 1", "shape": "choice saw square"}
    drawn_at_once = draw_parameters(np.random.default_rng(3), section)
    rng = np.random.default_rng(3)
    assert list(drawn_at_once.items()) == [(k, draw_value(rng, v)) for k, v in section.items()]
