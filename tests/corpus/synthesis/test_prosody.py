"""Curves of pitch."""

import numpy as np

from kcarol.corpus.synthesis.prosody import CONTROL_HZ, pitch_curve
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.syllables import Syllable


def test_vibrato_is_within_4_5_and_6_5_hz_and_80_cents():
    singer = Singer(
        vibrato_hz=5.5, vibrato_cents=60, vibrato_delay_s=0.1, drift_cents=0, jitter_cents=0
    )
    held = [Syllable(0.0, 4.0, 60, 1.0)]
    curve = pitch_curve(held, 4 * CONTROL_HZ, np.random.default_rng(0), singer)[CONTROL_HZ:]
    spectrum = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve))))
    assert 4.5 < np.fft.rfftfreq(len(curve), 1 / CONTROL_HZ)[spectrum.argmax()] < 6.5
    assert 0.2 < np.abs(curve - np.median(curve)).max() < 0.8
