import numpy as np
import pytest

from kcarol.evaluation.metrics import (
    OnsetCounts,
    SungNote,
    colour_correlation,
    phrase_weights,
    phrases_of,
    syllable_times,
    vowel_colour,
    vowel_figures,
)
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


def vowels(formants_hz, vowel_s=0.3):
    """A buzz of 150 Hz whose spectrum has one peak, for each of the frequencies in turn (T,)."""
    time_s = np.arange(round(vowel_s * 16_000)) / 16_000
    harmonics_hz = 150 * np.arange(1, 30)[:, None]
    buzz = np.sin(2 * np.pi * harmonics_hz * time_s)
    return np.concatenate(
        [(buzz * np.exp(-(((harmonics_hz - hz) / 300) ** 2))).sum(0) for hz in formants_hz]
    ).astype(np.float32)


def test_colours_of_the_same_vowels_agree_and_of_others_do_not():
    rng = np.random.default_rng(0)
    one, other = rng.uniform(300, 2500, (2, 40))
    song, same, wrong = (vowel_colour(vowels(hz)) for hz in (one, one + 50, other))
    assert colour_correlation(song, same) > 0.9
    assert abs(colour_correlation(song, wrong)) < 0.4
    assert colour_correlation(song, np.ones_like(song)) == pytest.approx(0, abs=1e-6)


def test_colours_have_the_frames_of_the_labels():
    assert vowel_colour(np.zeros(16_000, np.float32)).shape == (63, 4)


def test_weights_count_frames_as_often_as_repeating_them():
    song, choir = np.random.default_rng(0).normal(size=(2, 20, 4))
    weights = np.arange(20) % 3
    repeated = (np.repeat(colour, weights, axis=0) for colour in (song, choir))
    found = colour_correlation(song, choir, weights)
    assert found == pytest.approx(colour_correlation(*repeated))


def test_phrases_are_parted_by_half_a_second():
    sings = np.zeros(100, bool)
    sings[[5, 6, 20, 60, 99]] = True
    assert phrases_of(sings)[sings].tolist() == [1, 1, 1, 2, 3]


def test_a_bootstrap_draws_whole_phrases_and_as_many_as_there_are():
    phrases = np.repeat([1, 2, 3], 4)
    weights = phrase_weights(phrases, np.random.default_rng(1)).reshape(3, 4)
    assert (weights == weights[:, :1]).all()
    assert weights[:, 0].sum() == 3
