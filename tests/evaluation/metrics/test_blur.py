"""Blur and seams."""

from __future__ import annotations

import numpy as np
import pytest
from tunes import RATE, noise

from kcarol.evaluation import metrics


def test_blur_lowers_crest(song):
    hiss = noise(len(song))
    assert metrics.crest_db(song) > metrics.crest_db(song + hiss) + 6
    assert metrics.crest_db(hiss) < 15
    assert np.isnan(metrics.crest_db(np.zeros(RATE, np.float32)))


def test_struck_tones_have_more_attack_than_noise(song):
    struck, hiss = (metrics.onset_envelope(wave) for wave in (song, noise(len(song))))
    assert metrics.attack(struck) > 2 * metrics.attack(hiss)


def test_a_cut_shows_as_a_seam_and_a_steady_sound_does_not():
    t = np.arange(4 * RATE) / RATE
    steady = (0.1 * np.sin(2 * np.pi * 440 * t) + 0.1 * noise(len(t))).astype(np.float32)
    cut = np.where(t < 2, steady, 0.1 * np.sin(2 * np.pi * 1320 * t)).astype(np.float32)
    assert metrics.seam_ratio(steady, [2.0]) == pytest.approx(1, abs=0.2)
    assert metrics.seam_ratio(cut, [2.0]) > 2
    assert np.isnan(metrics.seam_ratio(steady, []))
    assert np.isnan(metrics.seam_ratio(steady, [99.0]))
