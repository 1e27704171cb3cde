"""Styles of carols."""

import itertools

from kcarol.arrangement.styles import STYLES


def test_no_two_styles_share_most_of_their_lines():
    lines = [
        {(line.instrument.name, line.voices, line.figure) for line in style.lines}
        for style in STYLES.values()
    ]
    for first, second in itertools.combinations(lines, 2):
        assert len(first & second) <= min(len(first), len(second)) / 2
    old = ["bells", "choir", "strings", "organ", "brass", "piano"]
    assert list(STYLES) == [*old, "a_cappella", "orchestra"]


def test_every_style_plays_the_tune_in_every_scene():
    for style in STYLES.values():
        scenes = {scene for line in style.lines if line.is_tune for scene in line.scenes}
        assert scenes == {0, 1, 2, 3}


def test_a_cappella_is_sung():
    singers = {line.instrument.name for line in STYLES["a_cappella"].lines}
    assert singers == {"choir", "oohs"} and STYLES["a_cappella"].sleigh is None
