"""Passes over all bands."""

from __future__ import annotations

import pytest
from sounds import CFG, assert_rumble_is_hushed, distance, noise, tones

from kcarol.audio.log_mel import LogMel
from kcarol.vocoder.refinement.mel_correction import MelCorrection

WAVE = tones(250.0, 1_000.0, 3_000.0)
WRONG = WAVE + 0.02 * noise(len(WAVE))


def test_mel_correction_brings_a_wave_nearer():
    mel = LogMel(CFG)(WAVE)
    made = MelCorrection(CFG, 6, 0.85, 1.3)(WRONG[None], mel[None])[0]
    assert distance(made, mel) < 0.5 * distance(WRONG, mel)


def test_even_and_odd_frames_are_brought_equally_near():
    mel = LogMel(CFG)(WAVE)
    made = MelCorrection(CFG, 6, 0.8, 1.2)(WRONG[None], mel[None])[0]
    error = (LogMel(CFG)(made) - mel)[8:-8].abs()
    assert float(error[::2].mean()) == pytest.approx(float(error[1::2].mean()), rel=0.25)


def test_what_lies_below_all_bands_is_hushed():
    correction = MelCorrection(CFG, 5, 0.8, 1.2)
    assert_rumble_is_hushed(lambda wave, mel: correction(wave[None], mel[None])[0])
