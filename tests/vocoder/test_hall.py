"""The hall: what it keeps, what it adds, and that long sounds need no more memory."""

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskWave
from kcarol.vocoder import hall
from kcarol.vocoder.hall import RT60_S, Hall, hall_response

pytestmark = pytest.mark.usefixtures("one_thread")
RATE = 48_000


def noise(n_samples, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal((2, n_samples)).astype(np.float32)


def heard(stereo, share, rate=RATE):
    sound = stereo.copy()
    Hall(share, rate).add_(sound)
    return sound


@pytest.mark.parametrize("n_samples", [0, 1, 1_000, 100_000])
def test_there_are_as_many_samples_as_before(n_samples):
    sound = heard(noise(n_samples), 0.3)
    assert sound.shape == (2, n_samples) and np.isfinite(sound).all()


def test_without_a_share_it_is_dry_and_with_all_it_is_nothing_but_hall():
    stereo = noise(20_000)
    assert np.array_equal(heard(stereo, 0.0), stereo)
    stroke = np.zeros((2, 20_000), np.float32)
    stroke[:, 0] = 1
    assert np.abs(heard(stroke, 1.0)[:, :300]).max() < 1e-3 < np.abs(heard(stroke, 1.0)).max()


def test_it_is_a_convolution():
    stereo, response = noise(3_000), hall_response(RATE)
    expected = 0.6 * stereo.astype(float)
    for side, ear in np.ndindex(2, 2):
        expected[ear] += 0.4 * np.convolve(stereo[side], response[side, ear])[:3_000]
    assert np.allclose(heard(stereo, 0.4), expected, atol=1e-5)


def test_blocks_and_a_disk_give_the_same_sound(monkeypatch):
    stereo = noise(200_000)
    whole = heard(stereo, 0.3)
    monkeypatch.setattr(hall, "FFT_SAMPLES", 1 << 17)
    assert np.allclose(heard(stereo, 0.3), whole, atol=1e-5)
    with DiskWave(2) as disk:
        disk.append(stereo)
        Hall(0.3, RATE).add_(disk)
        assert np.allclose(disk[..., :], whole, atol=1e-5)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_hall_alone_is_as_loud_as_the_dry_sound(rate):
    """Of pink noise, much as music is."""
    spectrum = np.fft.rfft(noise(10 * rate))
    hz = np.fft.rfftfreq(10 * rate, 1 / rate)
    stereo = np.fft.irfft(spectrum * np.where(hz > 60, np.sqrt(100 / hz.clip(1)), 0))
    stereo = stereo.astype(np.float32)
    wet = heard(stereo, 1.0, rate)[:, 3 * rate :]
    ratio_db = 20 * np.log10(wet.std() / stereo[:, 3 * rate :].std())
    assert abs(ratio_db) < 1.5


def test_high_sounds_decay_faster_than_low_ones():
    spectrum = np.abs(np.fft.rfft(hall_response(RATE)[0, 0].reshape(-1, 7_680))) ** 2
    low, high = spectrum[:, 40:200].mean(1), spectrum[:, 960:1_600].mean(1)  # to 1.2; 6 to 10 kHz
    fall_low, fall_high = (10 * np.log10(p[1] / p[5]) for p in (low, high))
    expected = 60 * 4 * 0.16 / RT60_S  # without damping
    assert expected < fall_low < 2 * expected < fall_high


def test_the_ears_hear_different_halls_and_the_same_level():
    response = hall_response(RATE)
    both = response.sum(axis=0)[:, RATE // 20 :]
    assert abs(np.corrcoef(both)[0, 1]) < 0.1
    assert np.allclose(np.square(both).sum(axis=1), np.square(both).sum() / 2, rtol=0.2)


def test_a_seat_on_the_left_stays_left():
    stereo = noise(RATE)
    stereo[1] = 0
    left, right = np.square(heard(stereo, 0.2)).mean(axis=1)
    assert left > 4 * right


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_another_share_is_refused(share):
    with pytest.raises(ValueError, match="share of the hall of 0 to 1"):
        Hall(share, RATE)


def test_a_mono_sound_is_refused():
    with pytest.raises(ValueError, match=r"expected stereo \(2, T\)"):
        Hall(0.2, RATE).add_(np.zeros(100, np.float32))
