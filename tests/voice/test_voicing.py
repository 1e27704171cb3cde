"""Facts about the measure of what is periodic."""

import numpy as np
import pytest
from signals import sine
from voices import sung_voice

from kcarol.audio.disk_buffer import DiskWave
from kcarol.voice.voicing import voicing

FRAME_RATE = 62.5


def harmonic(hz, rate):
    return sum(sine(k * hz, 1.0, rate, 0.1) for k in range(1, 6))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [90, 220, 500, 900])
def test_tones_of_a_voice_are_periodic_at_any_rate(hz, rate):
    found = voicing(harmonic(hz, rate)[None], 62, rate, FRAME_RATE)
    assert found.shape == (62,) and found[4:-4].min() > 0.95


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_noise_is_not(rate):
    noise = np.random.default_rng(0).normal(0, 0.1, (2, rate)).astype(np.float32)
    assert voicing(noise, 62, rate, FRAME_RATE).max() < 0.5


def test_silence_has_none():
    assert (voicing(np.zeros((2, 16_000), np.float32), 62, 16_000, FRAME_RATE) == 0).all()


def test_pieces_and_disks_leave_no_trace():
    wave = np.tile(sung_voice(), (2, 1))
    whole = voicing(wave, 562, 16_000, FRAME_RATE)
    with DiskWave(2, wave.shape[-1]) as disk:
        disk[..., :] = wave
        np.testing.assert_allclose(voicing(disk, 562, 16_000, FRAME_RATE), whole)
    np.testing.assert_allclose(
        voicing(wave[:, : 300 * 256], 200, 16_000, FRAME_RATE), whole[:200], atol=1e-5
    )


def test_frames_beyond_the_wave_are_silence():
    assert voicing(harmonic(220, 16_000)[None], 100, 16_000, FRAME_RATE)[70:].max() == 0
