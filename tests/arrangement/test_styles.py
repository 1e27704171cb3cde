"""Styles of carols."""

import itertools

from kcarol.arrangement.styles import STYLES


def test_no_two_styles_share_their_instruments():
    sounds = [
        {(layer.role, layer.instrument.name, layer.pattern) for layer in style.layers}
        for style in STYLES.values()
    ]
    for first, second in itertools.combinations(sounds, 2):
        assert len(first & second) < min(len(first), len(second))
    old = ["bells", "choir", "strings", "organ", "brass", "piano"]
    assert list(STYLES) == [*old, "a_cappella", "orchestra"]
