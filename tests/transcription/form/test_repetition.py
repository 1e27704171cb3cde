"""Facts about repetition: bars of the same music are in one group, also a tone higher."""

from dataclasses import replace

import numpy as np
import pytest
from forms import SECTION_BARS, bars_of

from kcarol.transcription.form import repetition
from kcarol.transcription.form.repetition import repetitions


def sections_of(form, **given):
    """(sections, SECTION_BARS) groups and shifts."""
    found = repetitions(bars_of(form, **given))
    return found.group.reshape(-1, SECTION_BARS), found.shift.reshape(-1, SECTION_BARS)


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.4])
def test_what_comes_again_is_in_the_group_of_its_first_time(noise):
    group, shift = sections_of("iACACBC", noise=noise)
    for letter in "AC":
        first, *others = (group[i] for i, x in enumerate("iACACBC") if x == letter)
        assert all(np.array_equal(other, first) for other in others)
    assert np.array_equal(group[[0, 1, 2, 5]].ravel(), np.r_[0:24, 40:48]) and not shift.any()


def test_a_last_chorus_a_tone_higher_is_the_same_music():
    group, shift = sections_of("ACACC", lifts=(4,))
    assert np.array_equal(group[4], group[1]) and (shift[4] == 2).all() and not shift[:4].any()


def test_the_same_chords_under_another_tune_are_other_music():
    bars = bars_of("AB")
    bars.chords[SECTION_BARS:] = bars.chords[:SECTION_BARS]
    assert np.array_equal(repetitions(bars).group, np.arange(2 * SECTION_BARS))


def test_bars_of_another_length_are_other_music():
    bars = bars_of("AA")
    n_beats = np.repeat([4.0, 3.0], SECTION_BARS)
    found = repetitions(replace(bars, n_beats=n_beats))
    assert np.array_equal(found.group, np.arange(2 * SECTION_BARS))


def test_one_other_bar_within_a_repeated_phrase_stays_alone():
    bars = bars_of("AA", noise=0.0)
    bars.chords[10] = np.roll(bars.chords[2], 6, axis=1)
    bars.tune[10] = np.roll(bars.tune[2], 6, axis=1)
    assert repetitions(bars).group.tolist() == [*range(8), 0, 1, 10, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("n_bars", [1, 2, 3])
def test_the_shortest_songs_have_groups_too(n_bars):
    assert len(repetitions(bars_of("A", n_bars=n_bars)).group) == n_bars


def test_silence_is_all_different_and_all_members_are_listed():
    bars = bars_of("AA", noise=0.0)
    silent = replace(bars, chords=0 * bars.chords, tune=0 * bars.tune)
    assert len(repetitions(silent).members()) == len(bars)
    assert sorted(len(m) for m in repetitions(bars).members()) == [2] * 8


def test_a_longer_piece_is_compared_in_parts(monkeypatch):
    monkeypatch.setattr(repetition, "MOST_BARS", 16)
    group, _ = sections_of("AABA")
    assert np.array_equal(group[1], group[0]) and (group[3] >= 24).all()
