"""Codec losses and uneven tapes."""

import numpy as np
import pytest
from scipy import signal
from sung_notes import RATE

from kcarol.corpus.mixing.degradation import codec_loss, drift_pitch
from kcarol.corpus.mixing.filters import pass_band


def test_codec_without_loss_is_identity_and_with_loss_cuts_highs_and_digs_holes():
    wave = np.random.default_rng(0).standard_normal(RATE + 123).astype(np.float32)
    assert np.allclose(codec_loss(wave, RATE, 9000, 300, 0), wave, atol=1e-4)
    lossy = codec_loss(wave, RATE, 5000, 20, 3.0)
    spectrum = np.abs(np.fft.rfft(lossy))[: len(lossy) // 2]
    hz = np.arange(len(spectrum)) * RATE / len(lossy)
    assert spectrum[hz > 5300].mean() < 0.01 * spectrum[hz < 4500].mean()
    assert lossy.shape == wave.shape
    assert 0.3 < np.corrcoef(lossy, pass_band(wave, RATE, None, 5000))[0, 1] < 0.999


def test_drift_swings_the_pitch_and_hardly_moves_time():
    time_s = np.arange(4 * 16_000) / 16_000
    tone = np.sin(2 * np.pi * 1_000 * time_s).astype(np.float32)
    drifted = drift_pitch(tone, 16_000, 10.0, 0.5)
    phase = np.unwrap(np.angle(signal.hilbert(drifted)))[800:-800]
    hz = np.diff(phase) * 16_000 / (2 * np.pi)
    cents = 1_200 * np.log2(np.convolve(hz, np.ones(400) / 400, "valid") / 1_000)
    assert len(drifted) == len(tone)
    assert cents.max() == pytest.approx(10, abs=1) and cents.min() == pytest.approx(-10, abs=1)
    assert (
        np.abs(
            phase / (2 * np.pi * 1_000)
            - time_s[800:-800]
            - phase[0] / (2 * np.pi * 1_000)
            + time_s[800]
        ).max()
        < 0.005
    )
