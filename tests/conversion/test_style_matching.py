"""Facts about style matching: a recording lends its balance and movements, not its notes."""

import math

import pytest
import torch

from kcarol.config import AudioConfig
from kcarol.conversion.sound.post_filter import draw_texture
from kcarol.conversion.style_matching import (
    BALANCE_DOUBT,
    SLOW_FRAMES,
    STRETCH_LIMITS,
    STRETCH_POWER,
    balance_of,
    mean_sounding,
    measure_texture,
    movement,
    smoothed,
    stretch_of,
)

AUDIO = AudioConfig()


def noise(n_frames=600, n_bands=AUDIO.n_mels, seed=0):
    return torch.randn(n_frames, n_bands, generator=torch.Generator().manual_seed(seed))


def test_silence_is_no_part_of_the_tone():
    mel = noise()
    silent = torch.full((400, AUDIO.n_mels), math.log(AUDIO.log_floor))
    assert torch.allclose(mean_sounding(torch.cat([silent, mel, silent])), mel.mean(0), atol=1e-5)


def test_the_notes_of_a_reference_stay_out_of_the_balance_and_its_slope_comes_along():
    mel, band = noise(), torch.arange(AUDIO.n_mels)
    notes = 3 * torch.sin(2 * math.pi * band / 12)  # five semitones apart
    slope = torch.linspace(3, -3, AUDIO.n_mels)
    assert not balance_of(mel, mel + notes)[12:-12].any()
    # of 3
    assert (balance_of(mel, mel + notes + slope) - balance_of(mel, mel + slope))[
        12:-12
    ].abs().max() < 0.45


def test_balance_is_taken_over_but_for_what_any_two_songs_differ_by():
    tilt = torch.linspace(0, -6, AUDIO.n_mels)
    added = balance_of(noise(seed=1), noise(seed=2) + tilt)
    assert (added - (tilt + BALANCE_DOUBT))[8:-8].abs().max() < 0.25  # of 6


@pytest.mark.parametrize("off", [0.0, 0.9 * BALANCE_DOUBT, -0.9 * BALANCE_DOUBT])
def test_a_sound_that_is_played_nearly_right_is_left_as_it_is(off):
    assert not balance_of(noise(), noise() + off).any()


def test_single_bands_such_as_a_keys_notes_are_not_taken_over():
    peak = torch.zeros(AUDIO.n_mels)
    peak[40] = 5.0
    assert not balance_of(noise(), noise() + peak).any()


def test_movements_come_as_near_to_the_targets_as_they_are_believed():
    target, predicted = 2 * noise(seed=3), noise(seed=4)
    factor = stretch_of(predicted, target, torch.zeros(AUDIO.n_mels), 250)
    assert (factor ** (1 / STRETCH_POWER) - 2).abs().max() < 0.15
    gain = (movement(factor * predicted, 250) / movement(predicted, 250)).mean().sqrt()
    assert torch.allclose(gain, torch.tensor(2.0**STRETCH_POWER), rtol=0.05)


def test_texture_counts_as_movement():
    target = 2 * noise(seed=3)
    factor = stretch_of(noise(seed=4), target, torch.full((AUDIO.n_mels,), math.sqrt(3)), 250)
    assert (factor.mean() - 1).abs() < 0.05


def test_a_stretch_stays_within_its_limits():
    factors = [
        stretch_of(a * noise(seed=4), noise(seed=3), torch.zeros(AUDIO.n_mels), 250)
        for a in (1e-6, 100.0)
    ]
    least, most = (limit**STRETCH_POWER for limit in STRETCH_LIMITS)
    assert factors[0].max() <= most + 1e-5 and factors[1].min() >= least - 1e-5


def test_smoothing_keeps_a_constant_and_spreads_a_peak():
    assert torch.allclose(smoothed(torch.full((20,), 3.0), 9), torch.full((20,), 3.0))
    peak = torch.zeros(20)
    peak[10] = 9.0
    assert torch.allclose(smoothed(peak, 9)[6:15], torch.ones(9))


def test_measured_texture_is_what_was_added_without_its_slow_part():
    prediction = torch.randn(8_000, 16, generator=torch.Generator().manual_seed(1)).cumsum(0) * 0.01
    grain = draw_texture(8_000, torch.full((16,), 0.3), torch.Generator().manual_seed(2), AUDIO)
    slow_error = torch.sin(torch.arange(8_000) / (20 * SLOW_FRAMES))[:, None]
    measured = measure_texture(prediction, prediction + grain + slow_error)
    assert ((measured > 0.22) & (measured < 0.33)).all()
