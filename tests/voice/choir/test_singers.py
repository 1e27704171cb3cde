"""The eight singers."""

from collections import Counter

import numpy as np

from kcarol.voice.choir.singers import draw_singers

TIMES_S = np.arange(0, 60, 0.05)


def test_there_are_two_of_each_line_on_both_sides():
    singers = draw_singers(200.0, np.random.default_rng(1))
    assert set(Counter(singer.line for singer in singers).values()) == {2}
    assert len(singers) == 8
    assert abs(sum(singer.pan for singer in singers)) < 0.2


def test_a_soprano_and_a_tenor_speak_for_all():
    speakers = [s.line for s in draw_singers(200.0, np.random.default_rng(1)) if s.speaks]
    assert speakers == ["soprano", "tenor"]


def test_they_are_tens_of_cents_and_tens_of_milliseconds_apart():
    singers = draw_singers(200.0, np.random.default_rng(1))
    for singer in singers:
        assert 0.01 <= abs(singer.late_s) <= 0.04
        assert 5 < np.abs(singer.strays_cents(TIMES_S)).max() < 45
    assert len({singer.late_s for singer in singers}) == 8


def test_the_same_seed_gives_the_same_singers():
    assert draw_singers(200.0, np.random.default_rng(1)) == draw_singers(
        200.0, np.random.default_rng(1)
    )


def test_men_of_a_womans_voice_have_lower_formants_and_women_of_a_mans_higher():
    of_woman = {s.line: s.tract for s in draw_singers(330.0, np.random.default_rng(1))}
    of_man = {s.line: s.tract for s in draw_singers(130.0, np.random.default_rng(1))}
    assert of_woman["bass"] < 0.9 < 0.95 < of_woman["soprano"] < 1.05
    assert 0.95 < of_man["bass"] < 1.05 < 1.1 < of_man["soprano"]
