"""Loudness, and waves that are made as loud as others."""

import numpy as np
import pyloudnorm
import pytest
import soxr
import torch
from signals import sine

from kcarol.audio import loudness
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.loudness import (
    PEAK_DB,
    Loudness,
    first_sound,
    heard_levels,
    limit_,
    loudness_curve,
    loudness_db,
    loudness_lufs,
    match_loudness_,
    measure_loudness,
    step_peaks,
    true_peak_db,
    without_rumble,
)
from kcarol.config import AudioConfig


def matched_to(reference, wave):
    """A copy of the wave, as loud as the reference."""
    matched = wave.copy()
    match_loudness_(matched, measure_loudness(reference))
    return matched


def limited(wave):
    copy = wave.copy()
    limit_(copy)
    return copy


RATE = AudioConfig.sample_rate
pytestmark = pytest.mark.usefixtures("one_thread")


def test_loudness_of_a_full_scale_sine_is_minus_three_db():
    assert loudness_db(sine(1_000, amplitude=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert loudness_db(np.zeros(100, np.float32)) == -120
    # BS.1770-4
    assert loudness_lufs(sine(997, 2, amplitude=1.0)) == pytest.approx(-3.01, abs=0.3)


def test_the_loudness_curve_gives_the_rms_of_a_sine():
    wave = torch.from_numpy(np.concatenate([sine(500, 1), 0.1 * sine(500, 1)]))
    curve = loudness_curve(wave, 256)
    expected = 20 * np.log10(0.3 / np.sqrt(2))
    assert curve[30] == pytest.approx(expected, abs=0.05)
    assert curve[90] == pytest.approx(expected - 20, abs=0.05)


@pytest.mark.parametrize(
    "rate, seconds",
    [(16_000, 0.4), (16_000, 0.44), (16_000, 33.97), (11_025, 7), (44_100, 3), (192_000, 1)],
)
def test_loudness_is_that_of_an_independent_meter(rate, seconds):
    rng = np.random.default_rng(0)
    time_s = np.arange(round(rate * seconds)) / rate
    walk = np.cumsum(rng.normal(0, 0.02, len(time_s))) * np.exp(-0.3 * time_s)
    wave = (0.1 + walk + rng.normal(0, 0.02, len(time_s))).astype(np.float32)
    expected = pyloudnorm.Meter(rate).integrated_loudness(wave.astype(float))
    assert loudness_lufs(wave, rate) == pytest.approx(expected, abs=0.05)


def test_loudness_gates_pauses_out():
    tone, pause = 0.3 * sine(440, 4.0), 1e-3 * sine(440, 8.0)
    with_pause = np.concatenate([tone, pause])
    assert loudness_lufs(with_pause) == pytest.approx(loudness_lufs(tone), abs=0.3)


def test_loudness_in_pieces_is_that_of_the_whole(monkeypatch):
    level = np.repeat([1, 0.5, 0.01, 1], 48_000)
    wave = (0.1 * level * np.random.default_rng(0).standard_normal(len(level))).astype(np.float32)
    monkeypatch.setattr(loudness, "FILTERED_STEPS", 10_000)
    whole = loudness_lufs(wave)
    monkeypatch.setattr(loudness, "FILTERED_STEPS", 7)
    assert loudness_lufs(wave) == pytest.approx(whole, abs=1e-4)


def test_loudness_is_matched_and_the_peak_stays_below_one():
    soft, loud = 0.01 * np.random.default_rng(0).standard_normal((2, 32_000)).astype(np.float32)
    loud *= 8
    matched = matched_to(loud, soft)
    assert loudness_lufs(matched) == pytest.approx(loudness_lufs(loud), abs=0.1)
    assert matched.dtype == np.float32
    spiky = np.zeros(32_000, np.float32)
    spiky[::4_000] = 0.5
    assert np.abs(matched_to(loud, spiky)).max() <= 1


def test_short_sounds_are_matched_by_rms_and_silence_stays():
    loud = sine(880, 0.2, amplitude=0.4)
    short = matched_to(loud, sine(440, 0.1, amplitude=0.1))
    assert loudness_db(short) == pytest.approx(loudness_db(loud), abs=0.05)
    silence = np.zeros(16_000, np.float32)
    assert not matched_to(sine(440), silence).any()
    assert np.allclose(matched_to(silence, sine(440)), sine(440))


def test_a_buffer_on_disk_is_as_loud_and_is_made_as_loud_as_an_array():
    rng = np.random.default_rng(0)
    soft = 0.02 * rng.normal(size=48_000).astype(np.float32)
    loud = 0.3 * rng.normal(size=40_000).astype(np.float32)
    with DiskBuffer(len(soft)) as buffer, DiskBuffer(len(loud)) as reference:
        buffer[:], reference[:] = soft, loud
        assert loudness_lufs(buffer) == loudness_lufs(soft)
        match_loudness_(buffer, measure_loudness(reference))
        assert np.array_equal(buffer[:], matched_to(loud, soft))


def test_a_sound_of_high_peaks_reaches_the_loudness_of_a_dense_one():
    time_s = np.arange(5 * 16_000) / 16_000
    plucked = (np.sin(2 * np.pi * 440 * time_s) * np.exp(-6 * (time_s % 0.5))).astype(np.float32)
    dense = (0.5 * np.sign(np.sin(2 * np.pi * 200 * time_s))).astype(np.float32)
    matched = matched_to(dense, 0.1 * plucked)
    assert np.abs(matched).max() <= 1
    assert abs(loudness_lufs(matched) - loudness_lufs(dense)) < 4


def test_limiting_leaves_what_is_within_full_scale_and_bounds_the_rest():
    quiet = (0.5 * np.random.default_rng(0).uniform(-1, 1, 40_000)).astype(np.float32)
    np.testing.assert_array_equal(limited(quiet), quiet)
    loud = quiet.copy()
    loud[20_000] = 2.5
    found = limited(loud)
    assert np.abs(found).max() <= 1
    far = np.r_[0:19_800, 20_200:40_000]
    np.testing.assert_array_equal(found[far], loud[far])
    assert found[20_000] > 0.87  # no more than needed


def test_limiting_is_the_same_across_the_pieces_of_a_long_wave(monkeypatch):
    wave = np.random.default_rng(1).normal(0, 0.5, 50_000).astype(np.float32)
    whole = limited(wave)
    monkeypatch.setattr(loudness, "LIMITED_S", 100.0)
    np.testing.assert_allclose(limited(wave), whole, atol=1e-5)


def plucked_stereo(rate=48_000, seconds=6.0):
    """(2, T): notes that are struck left and right in turn."""
    time_s = np.arange(round(rate * seconds)) / rate
    left = np.sin(2 * np.pi * 523 * time_s) * np.exp(-5 * (time_s % 0.5))
    right = np.sin(2 * np.pi * 392 * time_s) * np.exp(-5 * ((time_s + 0.25) % 0.5))
    return 0.1 * np.stack([left, right]).astype(np.float32)


def test_channels_are_summed_as_an_independent_meter_sums_them():
    wave = plucked_stereo()
    expected = pyloudnorm.Meter(48_000).integrated_loudness(wave.T.astype(float))
    assert loudness_lufs(wave, 48_000) == pytest.approx(expected, abs=0.05)


def test_a_true_peak_is_found_between_samples():
    """EBU Tech 3341, tests 15 to 19: a sine at a quarter of the sample rate."""
    wave = np.sin(np.pi / 2 * np.arange(48_000) + np.pi / 4).astype(np.float32)
    assert 20 * np.log10(np.abs(wave).max()) == pytest.approx(-3.0, abs=0.02)
    assert true_peak_db(wave[200:-200]) == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("lufs", [-23.0, -14.0, -10.0])
def test_stereo_is_matched_within_half_a_unit_below_the_highest_true_peak(lufs):
    wave = plucked_stereo()
    with DiskWave(2, wave.shape[-1]) as buffer:
        buffer[..., :] = wave
        match_loudness_(buffer, Loudness(lufs, lufs), 48_000)
        matched = buffer[..., :]
    assert loudness_lufs(matched, 48_000) == pytest.approx(lufs, abs=0.2)
    assert true_peak_db(matched) <= PEAK_DB
    upsampled = soxr.resample(matched.T, 48_000, 192_000)
    assert 20 * np.log10(np.abs(upsampled).max()) < PEAK_DB + 0.05


def test_peaks_between_samples_are_passed_over_only_where_they_are_low():
    wave = plucked_stereo()
    exact, some = step_peaks(wave), step_peaks(wave, least=0.05)
    assert torch.equal(exact.clamp_min(0.05), some.clamp_min(0.05))
    upsampled = np.abs(soxr.resample(wave.T, 48_000, 192_000)).max(1)
    assert exact.numpy() == pytest.approx(upsampled.reshape(-1, 64).max(1), abs=2e-3)


def test_limiting_says_whether_there_were_peaks_and_amplifies():
    wave = plucked_stereo()
    loud, soft = wave.copy(), wave.copy()
    assert limit_(loud, 48_000, 20.0) and not limit_(soft, 48_000, -6.0)
    np.testing.assert_allclose(soft, wave * 10 ** (-6 / 20), rtol=1e-6)


def test_both_channels_are_limited_alike():
    wave = plucked_stereo()
    loud = 20 * wave
    limit_(loud, 48_000)
    sounds = np.abs(wave).min(axis=0) > 1e-3
    left, right = loud[:, sounds] / wave[:, sounds]
    np.testing.assert_allclose(left, right, rtol=1e-4)
    assert left.min() < 10 and left.max() == pytest.approx(20)


def test_stems_get_the_gain_of_the_whole():
    wave = plucked_stereo()
    stems = [0.3 * wave, 0.7 * wave]
    match_loudness_(wave, Loudness(-6.0, -6.0), 48_000, stems)
    np.testing.assert_allclose(sum(stems), wave, atol=1e-5)


# --- where a wave begins to sound


def test_what_is_too_low_to_be_heard_has_no_level():
    assert heard_levels(sine(440, amplitude=0.1)) == pytest.approx(-23.0, abs=0.1)
    assert heard_levels(sine(29, amplitude=0.5)).max() < -70
    assert heard_levels(np.full(6 * RATE, 0.5, np.float32)).max() < -90
    assert heard_levels(sine(440, amplitude=0.1) + np.float32(0.5)) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("n_samples", [1, 100, 4095, 4096, 100_000, 400_000])
def test_windows_lie_within_the_wave(n_samples):
    levels = heard_levels(np.zeros(n_samples, np.float32))
    assert len(levels) == 1 + max(0, n_samples - 4096) // 1600 and (levels == -120).all()


def test_a_wave_begins_where_sound_lasts():
    quiet, music = np.zeros(5 * RATE, np.float32), sine(440, 6.0)
    assert first_sound(quiet) is None and first_sound(music) == 0
    quiet[RATE] = 0.9  # a click
    assert first_sound(np.concatenate([quiet, music])) == pytest.approx(4.8 * RATE, abs=0.15 * RATE)
    assert first_sound(quiet) == pytest.approx(0.8 * RATE, abs=0.15 * RATE)  # all there is


@pytest.mark.parametrize("hz, most_db", [(0, -100), (5, -80), (15, -65), (25, -58), (30, -55)])
def test_what_cannot_be_heard_is_taken_away(hz, most_db):
    t = torch.arange(10 * RATE) / RATE
    wave = torch.cos(2 * torch.pi * hz * t + 0.4)
    middle = slice(RATE, -RATE)
    rest = without_rumble(wave)[middle].square().mean() / wave[middle].square().mean()
    assert 10 * torch.log10(rest + 1e-12) < most_db


@pytest.mark.parametrize("hz", [41, 55, 440, 7_900])
def test_what_can_be_heard_is_left_as_it_is(hz):
    wave = torch.sin(2 * torch.pi * hz * torch.arange(10 * RATE) / RATE)
    assert (without_rumble(wave) - wave)[RATE:-RATE].abs().max() < 0.02


@pytest.mark.parametrize("n_samples", [1, 2, 15, 16, 17, 33, 4_000])
def test_rumble_of_short_waves_is_taken_away_too(n_samples):
    assert without_rumble(torch.full((n_samples,), 0.5)).abs().max() < 1e-5
