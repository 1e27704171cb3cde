"""Gains of vowels: each has its formants, the pitch is never above the first, all else is kept."""

import numpy as np
import pytest

from kcarol.model.singing.formants import FORMANTS_HZ, KEPT_HZ, LEAST_DB, MOST_DB, gains_db
from kcarol.model.vowels import VOWELS

HZ = np.arange(50.0, 8000.0, 10.0)


def gain_db(vowel: str, f0_hz: float, hz: float) -> float:
    return float(gains_db(np.array(f0_hz), np.array([hz]))[VOWELS.index(vowel)][0])


def test_every_vowel_has_formants():
    assert tuple(FORMANTS_HZ) == VOWELS
    gains = gains_db(np.array([110.0, 440.0]), HZ)
    assert gains.shape == (len(VOWELS), 2, len(HZ))


def test_closed_vowels_are_told_from_open_ones_by_the_first_formant():
    for closed in ("i", "u"):
        assert gain_db(closed, 110, 300) > 3 and gain_db(closed, 110, 800) < -10
    assert gain_db("a", 110, 800) > 3 and gain_db("a", 110, 500) < 0


def test_front_vowels_are_told_from_back_ones_by_the_second_formant():
    for front in ("i", "e"):
        assert gain_db(front, 110, 2200) > 5 and gain_db(front, 110, 1000) < -8
    assert gain_db("u", 110, 2200) < -5


@pytest.mark.parametrize("vowel", VOWELS)
def test_no_vowel_takes_a_high_note_its_own_pitch(vowel):
    assert gain_db(vowel, 700, 700) == pytest.approx(gain_db("neutral", 700, 700), abs=6)


def test_gains_are_limited_and_fade_above_the_vowels():
    gains = gains_db(np.array(200.0), HZ)
    assert gains.max() <= MOST_DB and gains.min() >= LEAST_DB
    assert (gains[:, HZ >= KEPT_HZ[1]] == 0).all()
