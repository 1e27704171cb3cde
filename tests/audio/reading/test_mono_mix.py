"""The mono mix: the mean of the channels wherever that loses nothing, and never a lost voice."""

import itertools

import numpy as np
import pytest
from signals import sine

from kcarol.audio.reading.mono_mix import mono_mix

RATE = 16_000
SECONDS = 6.0


def mixed(*channels, rate=RATE, chunk=None):
    sound = np.stack(channels, axis=1).astype(np.float32)
    starts = range(0, len(sound), chunk or len(sound))
    return np.concatenate(list(mono_mix([sound[i:][: chunk or None] for i in starts], rate)))


def level_at(wave, hz, rate=RATE):
    """Amplitude of a sine in a wave, without its ends."""
    inner = wave[rate // 2 : -rate // 2]
    window = np.hanning(len(inner))
    time_s = np.arange(len(inner)) / rate
    return 2 * abs(np.vdot(window * inner, np.exp(2j * np.pi * hz * time_s))) / window.sum()


def band(rate=RATE):
    """Chords that change, with decaying strokes, and no sound near 1000 Hz."""
    time_s = np.arange(round(SECONDS * rate)) / rate
    stroke = np.exp(-4 * (time_s % 0.5))
    return 0.1 * stroke * sum(np.sin(2 * np.pi * hz * time_s) for hz in (131, 262, 330, 392))


def voice(rate=RATE, amplitude=0.1):
    return sine(1_000, SECONDS, rate, amplitude)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_a_voice_inverted_in_one_channel_is_heard_beside_the_band(share, rate):
    mix = mixed(band(rate) + voice(rate), band(rate) - share * voice(rate), rate=rate)
    assert level_at(mix, 1_000, rate) == pytest.approx(0.1, rel=0.1)
    for hz in (131, 262, 330, 392):
        assert level_at(mix, hz, rate) == pytest.approx(level_at(band(rate), hz, rate), rel=0.05)


def test_a_voice_inverted_for_a_while_is_heard_then_and_the_rest_stays_the_mean():
    inverted = np.where(np.arange(len(voice())) < RATE * 3, voice(), -voice())
    mix = mixed(band() + voice(), band() + inverted)
    assert level_at(mix[: 2 * RATE], 1_000) == pytest.approx(0.1, rel=0.1)
    assert level_at(mix[-2 * RATE :], 1_000) == pytest.approx(0.1, rel=0.1)
    assert np.array_equal(mix[:RATE], (band() + voice())[:RATE].astype(np.float32))


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_plain_records_are_the_mean_bit_for_bit(channels):
    rng = np.random.default_rng(0)
    rooms = [band() + rng.normal(0, 0.01, len(band())) for _ in range(channels)]
    rooms[0] = rooms[0] + voice()  # a tune of one channel
    expected = np.stack(rooms, axis=1).astype(np.float32).mean(axis=1)
    assert np.array_equal(mixed(*rooms), expected)


def test_unrelated_channels_are_the_mean_nearly_everywhere():
    left, right = np.random.default_rng(0).normal(0, 0.1, (2, 20 * RATE)).astype(np.float32)
    assert np.mean(mixed(left, right) == (left + right) / 2) > 0.9


@pytest.mark.parametrize("first", [1 / 32_768, -1 / 32_768])
def test_a_first_step_of_the_least_bit_decides_nothing(first):
    lead_in = np.full(3 * RATE, first)
    left, right = np.append(lead_in, band()), np.append(-lead_in, voice())
    mean = np.stack([left, right], axis=1).astype(np.float32).mean(axis=1)
    assert np.array_equal(mixed(left, right), mean)


@pytest.mark.parametrize("quiet", [0.0, 0.3])
def test_dual_mono_of_inverted_polarity_is_one_channel_without_steps(quiet):
    left = band() * np.where(np.arange(len(band())) % (2 * RATE) < RATE, 1, quiet)
    assert np.allclose(mixed(left, -left), left, atol=1e-3)


def test_film_sound_keeps_a_tune_that_is_inverted_between_the_front_channels():
    silent = np.zeros_like(band())
    mix = mixed(voice(), -voice(), band(), silent, silent, silent)
    assert level_at(mix, 1_000) > 0.05
    assert level_at(mix, 262) == pytest.approx(level_at(band(), 262) / 6, rel=0.1)


def test_the_lengths_of_chunks_change_nothing():
    sound = (band() + voice(), band() - voice())
    whole = mixed(*sound)
    for chunk in (777, RATE, 3 * RATE):
        assert np.array_equal(mixed(*sound, chunk=chunk), whole)


@pytest.mark.parametrize("n", [1, 100, 5_000, 17_000])
def test_short_sounds_keep_their_length(n):
    for left, right in itertools.product([np.zeros(n), sine(440, n / RATE)], repeat=2):
        assert len(mixed(left, -right)) == n
