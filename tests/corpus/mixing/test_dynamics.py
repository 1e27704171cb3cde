"""Compression, ducking and distortion."""

import numpy as np
from sung_notes import RATE

from kcarol.corpus.mixing.dynamics import amplifier, compress, duck, saturate


def test_compressor_divides_what_is_above_the_threshold():
    time_s = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
    loud = compress(tone, RATE, -20, 4.0, 0.005, 0.1)
    assert abs(20 * np.log10(np.abs(loud[RATE:]).max()) + 15) < 0.5  # 20 dB over, 5 dB left
    soft = 0.05 * tone
    assert np.allclose(compress(soft, RATE, -20, 4.0), soft, atol=1e-5)


def test_duck_follows_the_key_and_recovers():
    key, wave = np.zeros(RATE, np.float32), np.ones((2, RATE), np.float32)
    key[4000:4400] = 1
    ducked = duck(wave, key, RATE, depth_db=12, release_s=0.05)
    assert ducked[0, 4400] < 0.4 and ducked[0, 3000] > 0.99 and ducked[1, 15000] > 0.99


def test_saturation_keeps_the_peak_and_adds_harmonics():
    tone = 0.3 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE).astype(np.float32)
    driven = saturate(tone, 12)
    spectrum = np.abs(np.fft.rfft(driven))
    assert abs(np.abs(driven).max() - 0.3) < 1e-3 and spectrum[1500] > 0.1 * spectrum[500]


def test_amplified_chords_distort_as_one():
    time_s = np.arange(16_000) / 16_000
    fifth = (np.sin(2 * np.pi * 400 * time_s) + np.sin(2 * np.pi * 600 * time_s)).astype(np.float32)

    def level_db(wave: np.ndarray, hz: int) -> float:
        return 20 * np.log10(np.abs(np.fft.rfft(wave)[hz]) / 8_000 + 1e-9)

    loud = amplifier(fifth, 16_000, 24.0, 6_000.0)
    assert level_db(fifth, 200) < -80 and level_db(loud, 200) > -30  # the difference tone
    assert level_db(loud, 1_000) > -30
    assert not amplifier(np.zeros(100, np.float32), 16_000, 24.0, 6_000.0).any()
