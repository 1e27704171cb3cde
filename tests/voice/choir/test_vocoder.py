"""Frames of WORLD as sound."""

import numpy as np
import pytest
import torch
from vowels_and_hisses import vowel

from kcarol.voice.choir.frames import HOP, MEL_HZ, N_POINTS, analyse
from kcarol.voice.choir.vocoder import minimum_phase, resynthesised

pytest.importorskip("pyworld")


@pytest.fixture(scope="module")
def values():
    """Of 200 frames."""
    return np.tile(analyse(vowel("a", 1.0)).values[50:150], (2, 1))


def sound(values, f0_hz, amplitude, seed=0):
    n_frames = len(values)
    rng = np.random.default_rng(seed)
    return resynthesised(values, np.full(n_frames, f0_hz), np.full(n_frames, amplitude), 1.0, rng)


@pytest.mark.parametrize("f0_hz", [130.0, 261.6, 440.0, 0.0])
def test_it_sounds_again_at_another_pitch_or_none_as_loud_as_wished(values, f0_hz):
    wave = sound(values, f0_hz, 0.1)
    assert len(wave) == 200 * HOP
    inner = wave[20 * HOP : 180 * HOP]
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(0.1, rel=0.15)
    assert np.median(analyse(wave).f0_hz[30:170]) == pytest.approx(f0_hz, rel=0.002)


def test_the_spectral_envelope_stays(values):
    below = np.array(MEL_HZ) < 4000
    again = analyse(sound(values, 200.0, 0.1)).values[30:170, :N_POINTS][:, below].mean(axis=0)
    own = values[30:170, :N_POINTS][:, below].mean(axis=0)
    assert np.corrcoef(again, own)[0, 1] > 0.95


def test_no_amplitude_is_silence(values):
    assert not sound(values, 220.0, 0.0).any()


def test_noise_is_of_the_generator(values):
    assert np.array_equal(sound(values, 0.0, 0.1), sound(values, 0.0, 0.1))
    assert abs(np.corrcoef(sound(values, 0.0, 0.1), sound(values, 0.0, 0.1, seed=1))[0, 1]) < 0.1


def test_minimum_phase_keeps_the_power_and_begins_at_once():
    power = 0.01 + torch.hann_window(513)[None] ** 2
    spectrum = minimum_phase(power)
    assert torch.allclose(spectrum.abs() ** 2, power, rtol=1e-2)
    energy = torch.fft.irfft(spectrum, 1024)[0].square().cumsum(0)
    assert energy[64] > 0.99 * energy[-1]
