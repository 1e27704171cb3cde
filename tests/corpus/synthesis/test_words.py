"""Frames of words over time."""

import numpy as np
import pytest

from kcarol.corpus.synthesis.speech import FRAME_S, Unit
from kcarol.corpus.synthesis.words import Word, lay_words


def test_consonants_keep_their_length_and_vowels_are_held():
    unit = Unit("syllable", "a", first=100, vowel=116, coda=170, last=190)
    word = Word(unit, start_s=1.0, end_s=3.0, onset_s=unit.onset_s, joins=False, with_coda=True)
    track = lay_words([word], 800)

    def frame(time_s: float) -> int:
        return round(time_s / FRAME_S)

    assert track.at[frame(1.0) - 10] == pytest.approx(unit.vowel - 10) and track.at[
        frame(1.0)
    ] == pytest.approx(unit.vowel)
    assert (track.at[: frame(1.0 - unit.onset_s) - 1] == -1).all() and (
        track.at[frame(3.0) + 1 :] == -1
    ).all()
    assert track.at[frame(3.0) - 11] == pytest.approx(unit.last - 11, abs=2)
    middle = track.at[frame(1.2) : frame(2.7)]
    assert (
        (np.diff(middle) >= 0).all()
        and unit.vowel < middle[0]
        and middle[-1] < unit.coda
        and np.diff(middle).max() < 0.5
    )


def test_joined_words_leave_no_gap_and_fade_into_each_other():
    unit = Unit("syllable", "a", first=0, vowel=12, coda=60, last=60)
    words = [Word(unit, 0.5, 0.94, 0.06, True, False), Word(unit, 1.0, 1.5, 0.06, False, False)]
    track = lay_words(words, 400)
    sounding = np.flatnonzero(track.at >= 0)
    assert len(sounding) == sounding[-1] - sounding[0] + 1
    border = round(0.94 / FRAME_S)
    assert track.share[border] > 0.5 and (np.diff(track.share[border : border + 6]) < 0).all()
    assert track.share[:border].max() == 0 and track.before[border] == track.at[border - 1]
