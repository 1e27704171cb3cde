"""Cheats."""

from __future__ import annotations

import numpy as np
from tunes import RATE, noise

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.evaluation import metrics
from kcarol.evaluation.baselines import band_levels, coloured_noise, equalised
from kcarol.evaluation.recordings import log_mel_of


def test_eq_moves_the_mean_spectrum_to_the_target(song):
    wanted = band_levels([np.diff(noise(len(song) + 1))])
    flat = noise(len(song), 1)
    before, after = (
        np.std(np.log(band_levels([wave]) / wanted)) for wave in (flat, equalised(flat, wanted))
    )
    assert after < 0.2 * before
    assert len(equalised(song, wanted)) == len(song)


def test_coloured_noise_has_the_mel_it_was_given_at_all_times():
    cfg = AudioConfig()
    log_mel = np.linspace(0, -4, cfg.n_mels)
    wave = coloured_noise(log_mel, 4 * RATE, cfg)
    found = log_mel_of(wave, LogMel(cfg))[8:-8].mean(axis=0)
    assert np.std((found - log_mel)[4:-4]) < 0.15
    assert metrics.crest_db(wave) < 25
