"""Facts about what figures say: content against style by strength, the worst songs first, and in
words.
"""

import numpy as np
import pytest

from kcarol.evaluation import metrics
from kcarol.evaluation import ranking as verdict

RATE = metrics.SAMPLE_RATE
SONG, CAROL = (262, 330, 392), (277, 349, 415)  # chords, Hz


def chord(seconds, hz=SONG, noise=0.0, seed=0):
    t = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * f * t) for f in hz) * (1 + 0.5 * np.sin(2 * np.pi * 2 * t)) * 0.1
    return (wave + noise * np.random.default_rng(seed).standard_normal(len(t))).astype(np.float32)


class Fader:
    """Stands for a converter: another chord."""

    def mono_carol(self, wave, style):
        assert style == "bells"
        return chord(len(wave) / RATE, CAROL)


def row(name, system="kcarol", **figures):
    return {"name": name, "system": system} | figures


def test_the_curve_leaves_the_song_and_comes_to_the_carol():
    songs, carols = (
        [chord(5, hz, noise, seed) for seed in (0, 1)] for hz, noise in ((SONG, 0.1), (CAROL, 0.0))
    )
    reference = verdict.style_reference(songs, carols)
    rows = verdict.strength_curve(Fader(), chord(5, noise=0.1), reference, (0, 0.5, 1))
    content, style = ([found[key] for found in rows] for key in ("content", "style"))
    assert [found["strength"] for found in rows] == [0, 0.5, 1]
    assert content[0] == pytest.approx(1, abs=1e-3) and content[0] > content[1] > content[2]
    assert style[2] > style[0] and all(0 <= value <= 1 for value in style)


def test_the_worst_comes_first_whichever_way_a_measure_points():
    details = [
        row("good", tune=0.9, chord=0.9, lsd=0.3),
        row("bad", tune=0.2, chord=0.3, lsd=0.9),
        row("middle", tune=0.5, chord=0.5, lsd=0.5),
        row("other", "copy", tune=0.0, chord=0.0, lsd=2.0),
    ]
    assert [found["name"] for found in verdict.ranked(details)] == ["bad", "middle", "good"]


def test_measures_that_a_song_lacks_do_not_count():
    details = [row("a", tune=float("nan"), lsd=0.3), row("b", tune=0.1, lsd=0.9)]
    assert [found["name"] for found in verdict.ranked(details)] == ["b", "a"]
    assert verdict.in_words(details[1], details).count("\n") == 1


def test_ranking_names_the_systems_there_are():
    with pytest.raises(ValueError, match=r"'mine', found \['copy'\]"):
        verdict.ranked([row("a", "copy")], "mine")


def test_words_say_what_is_weak_first_and_of_nothing_else_that_it_is():
    details = [row("a", tune=0.9, chord=0.2, lsd=0.5), row("b", tune=0.8, chord=0.8, lsd=0.9)]
    name, *lines = verdict.in_words(details[0], details).splitlines()
    assert name == "a" and [line.split(":")[0].strip() for line in lines] == ["weak", *["fine"] * 2]
    assert lines[0] == "  weak: chord notes in place 0.20, on average 0.50"
    assert "  fine: tune notes in place 0.90" in lines
    assert "weak: distance" in verdict.in_words(details[1], details)


def test_where_all_songs_are_alike_none_is_weak():
    details = [row(name, tune=1.0, chord=0.4) for name in "ab"]
    assert "weak" not in verdict.in_words(details[0], details)


def test_without_figures_the_words_say_so():
    assert verdict.in_words(row("a"), [row("a")]) == "a: nothing was measured"
