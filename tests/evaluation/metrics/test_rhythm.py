"""Onsets and beats."""

from __future__ import annotations

import numpy as np
import pytest

from kcarol.evaluation import metrics


def test_onset_correlation_of_a_copy_is_one_within_the_lag_and_low_beyond():
    envelope = np.random.default_rng(0).random(500).astype(np.float32)
    assert metrics.onset_correlation(envelope, envelope) == pytest.approx(1)
    assert metrics.onset_correlation(envelope, np.roll(envelope, 2)) == pytest.approx(1)
    assert metrics.onset_correlation(np.roll(envelope, 2), envelope) == pytest.approx(1)
    assert metrics.onset_correlation(envelope, np.roll(envelope, 5)) < 0.3


def test_onset_correlation_with_a_constant_is_zero():
    assert metrics.onset_correlation(np.random.default_rng(0).random(50), np.ones(50)) == 0


def test_onset_f_of_a_copy_is_one_and_of_silence_zero(song):
    assert metrics.onset_f(song, song) == 1
    assert metrics.onset_f(song, np.zeros_like(song)) == 0


def test_beats_within_70_ms_agree():
    beats = np.arange(5, 30, 0.5)
    assert metrics.beat_f(beats, beats + 0.05) == 1
    assert metrics.beat_f(beats, beats + 0.2) == 0
    assert metrics.beat_f(beats, np.zeros(0)) == 0
