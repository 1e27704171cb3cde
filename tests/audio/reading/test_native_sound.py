"""Rate, length and loudness of sound that goes by, as of the whole."""

import numpy as np
import pyloudnorm
import pytest
from signals import sine

from kcarol.audio.loudness import loudness_lufs
from kcarol.audio.reading.native_sound import LoudnessMeter, NativeMeter

pytestmark = pytest.mark.usefixtures("one_thread")


def metered(wave, rate, size):
    meter = LoudnessMeter()
    for start in range(0, len(wave), size):
        meter.add(rate, wave[start : start + size])
    return meter.loudness.lufs


@pytest.mark.parametrize("size", [700, 44_100, 10**6])
def test_chunks_of_any_size_give_the_loudness_of_the_whole(size):
    rng = np.random.default_rng(0)
    level = np.repeat([0.001, 0.1, 0.02], 44_100 + 77)[:, None]
    wave = (level * rng.normal(size=(len(level), 2))).astype(np.float32)
    found = metered(wave, 44_100, size)
    assert found == pytest.approx(loudness_lufs(wave.T, 44_100), abs=1e-4)
    assert found == pytest.approx(pyloudnorm.Meter(44_100).integrated_loudness(wave), abs=0.1)


def test_silence_and_short_sounds_have_none_and_another_rate_begins_anew():
    assert metered(np.zeros((48_000, 2), np.float32), 48_000, 4_800) == -np.inf
    assert metered(np.ones((1_000, 2), np.float32), 48_000, 500) == -np.inf
    meter = LoudnessMeter()
    for rate in (16_000, 48_000):
        meter.add(rate, np.stack([sine(997, 2, rate, amplitude=1.0)] * 2, axis=1))
    assert meter.loudness.lufs == pytest.approx(0, abs=0.3)


def test_rates_and_channels_may_change_on_the_way():
    chunks = [(44_100, np.full((44_100, 2), 0.1, np.float32)), (22_050, np.ones((11_025, 1)))]
    meter = NativeMeter()
    passed = list(meter.watch(iter(chunks)))
    assert all(found is sound for (_, found), (_, sound) in zip(passed, chunks, strict=True))
    assert (meter.sound.sample_rate, meter.sound.n_samples) == (44_100, 66_150)
    assert meter.sound.n_samples_at(48_000) == 72_000


def test_a_file_of_one_channel_is_played_by_two_loudspeakers():
    wave = sine(997, 1.0, 48_000, amplitude=0.1)
    meters = NativeMeter(), NativeMeter()
    for meter, sound in zip(meters, (wave[:, None], np.stack([wave, wave], axis=1)), strict=True):
        list(meter.watch([(48_000, sound)]))
    assert meters[0].sound == meters[1].sound
    loudness = meters[0].sound.loudness
    assert loudness.rms_db == pytest.approx(-23.01, abs=0.01)
    assert meters[0].sound.loudness_in(2) == loudness
    assert meters[0].sound.loudness_in(1).lufs == pytest.approx(loudness_lufs(wave, 48_000))
