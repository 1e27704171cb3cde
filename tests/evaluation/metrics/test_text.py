import numpy as np
import pytest

from kcarol.evaluation.metrics import OnsetCounts, SungNote, syllable_times, vowel_figures
from kcarol.model.vowels import NO_VOWEL

AH, EH, EE = range(3)


def test_vowels_count_where_somebody_sings():
    sung = np.array([AH, AH, AH, EH, NO_VOWEL, NO_VOWEL])
    likeliest = np.array([AH, AH, EH, EH, AH, EE])
    decided = np.array([AH, NO_VOWEL, EH, NO_VOWEL, NO_VOWEL, EE])
    figures = vowel_figures(sung, likeliest, decided)
    assert figures.right == 0.75
    assert figures.chance == 0.75
    assert figures.decided == 0.5
    assert figures.decided_right == 0.5
    assert figures.in_rests == 0.5


def test_where_nobody_sings_no_vowel_is_right():
    nobody = np.full(4, NO_VOWEL)
    figures = vowel_figures(nobody, np.zeros(4, int), nobody)
    assert np.isnan([figures.right, figures.chance, figures.decided_right]).all()
    assert figures.in_rests == 0


def test_onsets_are_matched_one_to_one():
    counts = OnsetCounts.of(np.array([1.0, 2.0]), np.array([0.95, 1.05, 2.2]))
    assert counts == (1, 2, 3)
    assert counts.precision == pytest.approx(1 / 3)
    assert counts.recall == 0.5
    assert counts.f == pytest.approx(0.4)


def test_no_onsets_have_no_matches():
    assert OnsetCounts.of(np.zeros(0), np.array([1.0])).f == 0
    assert OnsetCounts.of(np.zeros(0), np.zeros(0)).f == 0


def test_a_lag_of_a_fifth_of_a_second_is_taken_out_and_one_of_a_second_is_not():
    times_s = np.array([1.0, 1.7, 2.9])
    assert OnsetCounts.at_best_lag(times_s, times_s + 0.2).f == 1
    assert OnsetCounts.at_best_lag(times_s, times_s + 5.0).f == 0


def test_counts_of_songs_add_up():
    assert OnsetCounts.total([OnsetCounts(1, 2, 3), OnsetCounts(4, 5, 6)]) == (5, 7, 9)


def test_later_notes_of_a_melisma_begin_no_syllable():
    notes = [SungNote(1.0, 0.2, 60), SungNote(1.2, 0.2, 62, begins=False), SungNote(1.5, 0.2, 64)]
    assert syllable_times(notes).tolist() == [1.0, 1.5]
