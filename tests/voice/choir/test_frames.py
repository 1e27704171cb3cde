"""Frames of WORLD."""

import numpy as np
import pytest
from vowels_and_hisses import vowel

from kcarol.voice.choir.frames import BIN_HZ, HOP, N_VALUES, analyse, power_of, resynthesised

pytest.importorskip("pyworld")


@pytest.fixture(scope="module")
def frames():
    return analyse(vowel("a", 1.0))


def test_a_vowel_has_its_pitch_and_its_formants(frames):
    assert frames.values.shape == (201, N_VALUES) and frames.values.dtype == np.float32
    assert frames.f0_hz[50:150] == pytest.approx(220, rel=0.01)
    assert peak_hz(frames.values, 1.0) == pytest.approx(800, abs=150)


def test_formants_can_be_moved(frames):
    assert peak_hz(frames.values, 1.15) / peak_hz(frames.values, 1.0) == pytest.approx(
        1.15, abs=0.06
    )


@pytest.mark.parametrize("f0_hz", [130.0, 440.0])
def test_it_sounds_again_at_another_pitch_as_loud_as_wished(frames, f0_hz):
    values = np.tile(frames.values[50:150], (2, 1))
    wave = resynthesised(values, np.full(200, f0_hz), np.full(200, 0.1), 1.0)
    assert len(wave) == 200 * HOP
    inner = wave[20 * HOP : 180 * HOP]
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.1, rel=0.15)
    assert np.median(analyse(wave).f0_hz[30:170]) == pytest.approx(f0_hz, rel=0.01)


def test_no_amplitude_is_silence(frames):
    wave = resynthesised(frames.values, np.full(201, 220.0), np.zeros(201), 1.0)
    assert np.abs(wave).max() < 1e-4


def peak_hz(values: np.ndarray, tract: float) -> float:
    return BIN_HZ[int(power_of(values[50:150], tract).mean(axis=0).argmax())]
