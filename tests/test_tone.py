"""Facts about tone: conversions get a recording's balance and range, not its notes."""

import math

import torch

from kcarol.config import AudioConfig
from kcarol.tone import STRETCH_LIMITS, balance_to, movement, smoothed, stretch_of, tone_of, tone_of_pieces

AUDIO = AudioConfig()


def noise(n_frames=600, n_bands=AUDIO.n_mels, seed=0):
    return torch.randn(n_frames, n_bands, generator=torch.Generator().manual_seed(seed))


def with_tone(mel, tone):
    return mel + balance_to(tone, tone_of(mel))


def test_silence_is_no_part_of_the_tone():
    mel = noise()
    silent = torch.full((400, AUDIO.n_mels), math.log(AUDIO.log_floor))
    assert torch.allclose(tone_of(torch.cat([silent, mel, silent])), mel.mean(0), atol=1e-5)


def test_the_notes_of_a_reference_stay_out_of_the_balance_and_its_slope_comes_along():
    band, own = torch.arange(AUDIO.n_mels), torch.zeros(AUDIO.n_mels)
    notes = torch.sin(2 * math.pi * band / 12)  # five semitones apart
    slope = torch.linspace(1, -1, AUDIO.n_mels)
    assert balance_to(notes, own)[12:-12].abs().max() < 0.15  # over nine bands .3
    assert (balance_to(slope, own) - slope).abs().max() < 0.15


def test_the_tone_of_a_song_in_pieces_is_that_of_the_whole():
    silent = torch.full((400, AUDIO.n_mels), math.log(AUDIO.log_floor))
    mel = torch.cat([noise(), silent, noise(seed=1), silent])
    assert torch.allclose(tone_of_pieces(lambda: iter(mel.split(170))), tone_of(mel), atol=1e-5)


def test_a_spectrum_brought_to_its_own_tone_stays_as_it_is():
    mel = noise()
    assert torch.allclose(with_tone(mel, tone_of(mel)), mel, atol=1e-5)


def test_balance_is_taken_over():
    tilt = torch.linspace(0, -6, AUDIO.n_mels)
    brought = with_tone(noise(seed=1), tone_of(noise(seed=2) + tilt))
    assert (brought.mean(0) - tilt)[8:-8].abs().max() < 0.25  # of 6


def test_single_bands_such_as_a_keys_notes_are_not_taken_over():
    peak = torch.zeros(AUDIO.n_mels)
    peak[40] = 5.0
    brought = with_tone(noise(seed=1), tone_of(noise(seed=2) + peak))
    assert brought.mean(0).max() < 5 / 9 + 0.3


def test_movements_become_as_large_as_the_targets():
    target, predicted = 2 * noise(seed=3), noise(seed=4)
    factor = stretch_of(predicted, target, torch.zeros(AUDIO.n_mels), AUDIO)
    assert (factor - 2).abs().max() < 0.15
    assert torch.allclose(movement(factor * predicted, 250).mean(), movement(target, 250).mean(), rtol=0.05)


def test_texture_counts_as_movement():
    target = 2 * noise(seed=3)
    factor = stretch_of(noise(seed=4), target, torch.full((AUDIO.n_mels,), math.sqrt(3)), AUDIO)
    assert (factor.mean() - 1).abs() < 0.05


def test_a_stretch_stays_within_its_limits():
    factors = [stretch_of(a * noise(seed=4), noise(seed=3), torch.zeros(AUDIO.n_mels), AUDIO) for a in (1e-6, 100.0)]
    assert factors[0].max() <= STRETCH_LIMITS[1] + 1e-5 and factors[1].min() >= STRETCH_LIMITS[0] - 1e-5


def test_smoothing_keeps_a_constant_and_spreads_a_peak():
    assert torch.allclose(smoothed(torch.full((20,), 3.0), 9), torch.full((20,), 3.0))
    peak = torch.zeros(20)
    peak[10] = 9.0
    assert torch.allclose(smoothed(peak, 9)[6:15], torch.ones(9))
