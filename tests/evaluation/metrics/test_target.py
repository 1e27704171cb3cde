"""Agreement with a known carol."""

from __future__ import annotations

import numpy as np
import pytest
from tunes import TUNE, labels_of, noise, tones

from kcarol.evaluation import metrics


def test_mse_ratio_of_the_mean_is_one_and_of_the_target_zero():
    target = np.random.default_rng(0).normal(3, 2, (50, 8))
    mean, std = target.mean(0), target.std(0)
    always_mean = np.broadcast_to(mean, target.shape)
    assert metrics.mse_ratio(always_mean, target, mean, std) == pytest.approx(1)
    assert metrics.mse_ratio(target, target, mean, std) == 0


def test_lsd_ignores_level_and_is_zero_for_a_copy(song):
    assert metrics.lsd_db(song, 0.3 * song) == pytest.approx(0, abs=0.01)
    assert metrics.lsd_db(song, noise(len(song))) > 10


def test_tune_and_chord_are_found_where_they_are_played(song):
    register, full = metrics.tune_and_full_chroma(song)
    labels = labels_of(len(song))
    assert metrics.tune_share(register, labels.tune, labels.onset) > 0.9
    assert metrics.chord_share(full, labels.chord) > 0.75
    assert metrics.tune_share(register, labels.tune + 1, labels.onset) < 0.2
    assert metrics.chord_share(full, np.roll(labels.chord, 1, axis=1)) < 0.4


def test_a_tune_below_the_register_does_not_count():
    played, low = (tones([[note + shift] for note in TUNE]) for shift in (0, -36))
    tune = labels_of(len(low)).tune
    assert metrics.tune_share(metrics.tune_and_full_chroma(played)[0], tune) == 1
    assert metrics.tune_share(metrics.tune_and_full_chroma(low)[0], tune) < 0.8


def test_no_tune_and_no_chord_is_not_a_number():
    assert np.isnan(metrics.tune_share(np.ones((12, 10)), np.full(10, -1)))
    assert np.isnan(metrics.chord_share(np.ones((12, 10)), np.zeros((10, 12), bool)))
