"""The bands of middle and side to 20 kHz."""

import numpy as np
import pytest
import soxr
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import sine

from kcarol.audio.full_band import RESAMPLING, FullBandMel, middle_and_side, treble_edges_hz
from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
FULL_BAND = FullBandMel(CFG)
FLOOR = np.log(CFG.log_floor)
MIDDLE, SIDE = 0, 1
TREBLE = slice(CFG.n_mels, None)


def noise(n_samples, seed=0):
    return 0.1 * torch.randn(2, n_samples, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=20, deadline=None)
@given(n_samples=st.integers(3, 9_000))
def test_frames_are_those_of_the_low_rate(n_samples):
    bands = FULL_BAND(noise(n_samples))
    n_frames = 1 + n_samples // CFG.full_hop
    assert n_frames == CFG.n_frames(n_samples // CFG.full_factor)
    assert bands.shape == (n_frames, 2, CFG.n_bands)


def test_low_bands_are_the_log_mel_of_the_resampled_channels():
    stereo = noise(20_000)
    for channel, wave in enumerate(middle_and_side(stereo)):
        low = soxr.resample(wave.numpy(), CFG.full_rate, CFG.sample_rate, RESAMPLING)[:6_666]
        expected = LogMel(CFG)(torch.from_numpy(low))
        assert torch.allclose(
            FULL_BAND(stereo)[:, channel, : CFG.n_mels], expected, rtol=0, atol=1e-4
        )


def test_resampling_does_not_shift_the_sound():
    high, low = (sine(440, 0.5, rate) for rate in (CFG.full_rate, CFG.sample_rate))
    bands = FULL_BAND(np.stack([high, high]))[4:-4, MIDDLE, :40]
    assert torch.allclose(bands, LogMel(CFG)(torch.from_numpy(low))[4:-4, :40], rtol=0, atol=0.05)


def test_a_mono_sound_has_no_side():
    wave = noise(10_000)[:1]
    bands = FULL_BAND(torch.cat([wave, wave]))
    assert torch.all(bands[:, SIDE] <= FLOOR + 1e-4)
    assert torch.all(bands[:, MIDDLE].mean(1) > -4)


def test_a_sound_on_one_side_has_as_much_side_as_middle():
    wave = noise(10_000)[:1]
    bands = FULL_BAND(torch.cat([wave, torch.zeros_like(wave)]))
    assert torch.allclose(bands[:, MIDDLE], bands[:, SIDE])


def test_noise_crosses_8_khz_without_a_step():
    levels = FULL_BAND(noise(96_000)).exp().square().mean((0, 1)).log() / 2
    step = levels[TREBLE] - levels[100:125].mean()
    assert torch.all((step - 0.12).abs() < 0.06)  # nats: means of magnitudes lie 1 dB lower


@pytest.mark.parametrize("band", [0, 5, 11])
def test_a_tone_of_the_treble_is_in_its_band_alone(band):
    edges = treble_edges_hz(CFG)
    tone = sine(float(edges[band] * edges[band + 1]) ** 0.5, 0.5, CFG.full_rate)
    levels = FULL_BAND(np.stack([tone, tone]))[4:-4, MIDDLE, TREBLE].mean(0)
    assert levels.argmax() == band
    assert torch.all(levels.max() - np.delete(levels, band) > 7)  # nats, 60 dB


def test_a_stroke_stays_within_two_frames():
    stereo = torch.zeros(2, 20 * CFG.full_hop)
    stereo[:, 10 * CFG.full_hop : 10 * CFG.full_hop + 200] = noise(200)
    sounding = (FULL_BAND(stereo)[:, MIDDLE, TREBLE] > FLOOR + 1).all(1)
    assert sounding.sum() <= 2 and sounding[10]


def test_the_filters_are_not_in_checkpoints():
    assert FULL_BAND.state_dict() == {}


@pytest.mark.parametrize("shape", [(100,), (1, 100), (3, 100), (2, 2), (1, 2, 100)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected stereo \(2, T\)"):
        FULL_BAND(torch.zeros(shape))
