"""Frames of WORLD."""

import numpy as np
import pytest
from vowels_and_hisses import vowel

from kcarol.voice.choir.frames import BIN_HZ, N_VALUES, analyse, power_of

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


def peak_hz(values: np.ndarray, tract: float) -> float:
    return BIN_HZ[int(power_of(values[50:150], tract).mean(axis=0).argmax())]
