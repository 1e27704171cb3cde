"""Kinds of cases."""

import numpy as np
import pytest

from kcarol.corpus.cases.kinds import Settings, all_kinds, section_of
from kcarol.corpus.cases.passages import CURVES
from kcarol.corpus.cases.score import players


def test_there_are_a_hundred_cases_over_everything_that_songs_do():
    kinds = all_kinds()
    assert sum(kinds.values()) == 100
    assert {section_of(kind)["group"] for kind in kinds} == {
        "tempo",
        "metre",
        "tuning",
        "voice",
        "texture",
    }


def test_every_kind_can_be_drawn():
    for kind in all_kinds():
        settings = Settings.draw(kind, np.random.default_rng(0))
        assert settings.curve in CURVES and players(settings.texture)


def test_an_unknown_kind_is_answered_by_those_there_are():
    with pytest.raises(ValueError, match="glide.*found 'polka'"):
        section_of("polka")
