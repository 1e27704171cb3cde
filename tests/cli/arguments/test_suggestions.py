"""Facts about suggestions: the nearest word, however it is spelt, or nothing."""

import pytest

from kcarol.cli.arguments.suggestions import did_you_mean
from kcarol.conversion.styles import STYLE_NAMES


@pytest.mark.parametrize(
    "word, meant",
    [("bell", "bells"), ("Choir", "choir"), ("acapella", "a_cappella"), ("guitar", None)],
)
def test_the_nearest_style_is_meant(word, meant):
    assert did_you_mean(word, STYLE_NAMES) == (f": did you mean {meant}?" if meant else "")
