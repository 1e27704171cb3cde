"""Does a carol follow its song's loudness, density and sections?"""

import numpy as np
import pytest

from kcarol.evaluation.metrics import form
from kcarol.evaluation.metrics.form import Course

RATE = 16_000


def tones(levels, tone_s=4.0, seed=0, decay_s=1.0):
    """A decaying tone on each level in turn, (T,)."""
    t = np.arange(round(tone_s * RATE)) / RATE
    pitches = np.random.default_rng(seed).integers(50, 80, len(levels))
    hz = 440 * 2 ** ((pitches - 69) / 12)
    pieces = [
        a * np.exp(-t / decay_s) * np.sin(2 * np.pi * f * t)
        for a, f in zip(levels, hz, strict=True)
    ]
    return np.concatenate(pieces).astype(np.float32)


def struck(per_s):
    """Blocks of 8 s with so many tones a second each, (T,)."""
    return np.concatenate([tones(np.full(8 * n, 0.5), 1 / n, n, 0.05) for n in per_s])


@pytest.fixture(scope="module")
def song():
    return tones([0.1, 0.5, 0.2, 0.9, 0.05, 0.6, 0.3, 0.8])


def test_a_copy_follows_its_song_in_everything(song):
    course = Course.of(song)
    statistics = form.timbre_statistics([course])
    assert form.dynamics_correlation(course, course) == pytest.approx(1)
    assert form.form_correlation(course, course, *statistics) == pytest.approx(1)


def test_a_softer_copy_follows_the_loudness_and_an_upside_down_one_does_not(song):
    upside_down = tones(1 / np.array([0.1, 0.5, 0.2, 0.9, 0.05, 0.6, 0.3, 0.8]))
    course = Course.of(song)
    assert form.dynamics_correlation(course, Course.of(song * 0.1)) > 0.999
    assert form.dynamics_correlation(course, Course.of(upside_down)) < -0.5


def test_loudness_is_not_compared_where_the_song_is_silent(song):
    silence = np.zeros(8 * RATE, np.float32)
    hum = np.random.default_rng(1).standard_normal(8 * RATE).astype(np.float32)
    first, second = (Course.of(np.concatenate([song, end])) for end in (silence, hum))
    # windows that lie wholly in the hum are left out
    assert form.dynamics_correlation(first, second) > 0.3
    assert form.dynamics_correlation(second, first) < 0


def test_density_rises_and_falls_with_the_strokes_of_each_block():
    sparse, dense = form.onset_density(struck([1, 4]))
    assert dense > 3 * sparse > 0
    assert form.onset_density(struck([4, 1])) == pytest.approx([dense, sparse], abs=0.3)


def test_density_that_never_changes_follows_nothing():
    even = Course(np.zeros(2), np.ones(5), np.zeros((2, 24)))
    uneven = Course(np.zeros(2), np.arange(5.0), np.zeros((2, 24)))
    assert form.density_correlation(uneven, even) == 0
    assert form.density_correlation(uneven, uneven) == pytest.approx(1)


def test_similarity_of_equal_blocks_is_one_and_of_others_less():
    blocks = np.array([[0.0, 1.0], [0.0, 1.0], [2.0, -1.0]])
    similarity = form.self_similarity(blocks)
    assert similarity[0, 1] == 1
    assert similarity[0, 2] == pytest.approx(np.exp(-2))
