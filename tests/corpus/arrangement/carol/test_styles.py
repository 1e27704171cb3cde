"""Styles of carols."""

import itertools

import numpy as np

from kcarol.corpus.arrangement.carol.styles import STYLES, draw_style


def test_no_two_styles_share_their_instruments():
    sounds = [
        {(layer.role, layer.program, layer.pattern) for layer in style.layers}
        for style in STYLES.values()
    ]
    for first, second in itertools.combinations(sounds, 2):
        assert len(first & second) < min(len(first), len(second))
    assert list(STYLES) == ["bells", "choir", "strings", "organ", "brass", "piano"]


def test_halls_of_drawn_styles_do_not_blur():
    drawn = [draw_style(np.random.default_rng(seed)) for seed in range(60)]
    assert max(style.wet for style in drawn) <= 0.25 and len({style.wet for style in drawn}) > 20


def test_drawn_styles_vary_and_some_are_the_style_itself():
    drawn = {draw_style(np.random.default_rng(seed), "organ") for seed in range(12)}
    assert len(drawn) > 4 and STYLES["organ"] in drawn
