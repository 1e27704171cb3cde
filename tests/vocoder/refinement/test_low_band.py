"""The low octaves at a low rate: what passes keep, and what they mend."""

from __future__ import annotations

import pytest
import torch
from sounds import CFG, RATE, assert_rumble_is_hushed, distance, noise, tones

from kcarol.audio.log_mel import LogMel
from kcarol.vocoder.refinement.low_band import LowBand


@pytest.mark.parametrize("length", (1, 15, 16, 17, 257, 4_000))
def test_any_length_comes_back_as_long(length):
    wave = 0.1 * noise(length)
    for fresh in (False, True):
        made = LowBand(CFG, 16, 2, 0.9, fresh).correct_(wave.clone(), LogMel(CFG)(wave))
        assert made.shape == wave.shape and made.isfinite().all()


def test_without_a_pass_the_wave_is_as_it_was():
    wave = tones(200.0, 900.0)
    made = LowBand(CFG, 8, 0, 0.9, fresh=False).correct_(wave.clone(), LogMel(CFG)(wave))
    assert torch.allclose(made, wave, atol=1e-6)


def test_passes_mend_the_low_bands_and_leave_the_high_ones():
    wave = tones(131.0, 165.0, 196.0, 2_000.0)
    mel, wrong = LogMel(CFG)(wave), wave + 0.02 * noise(len(wave))
    low_band = LowBand(CFG, 16, 60, 0.98, fresh=True)
    made = low_band.correct_(wrong.clone(), mel)
    low, high = slice(0, low_band.n_single), slice(80, None)
    assert distance(made, mel, low) < 0.35 * distance(wrong, mel, low)
    assert abs(distance(made, mel, high) - distance(wrong, mel, high)) < 0.02


def test_fresh_phases_need_no_good_beginning():
    wave = tones(98.0, 147.0, 220.0, 330.0)
    mel, start = LogMel(CFG)(wave), 0.1 * noise(len(wave), 1)
    single = slice(0, LowBand(CFG, 16, 0, 0.9, True).n_single)
    fresh, old = (
        LowBand(CFG, 16, 3, 0.98, new).correct_(start.clone(), mel) for new in (True, False)
    )
    assert distance(fresh, mel, single) < 0.7 * distance(old, mel, single)


def test_pieces_are_the_whole_within_rounding(monkeypatch):
    wave = 0.1 * noise(6 * RATE, 2)
    mel = LogMel(CFG)(wave) - 0.5
    low_band = LowBand(CFG, 16, 3, 0.5, fresh=True)
    made = []
    for n in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=n: n)
        made.append(low_band.correct_(wave.clone(), mel))
    assert torch.allclose(*made, atol=1e-5)


def test_many_passes_carry_no_farther_than_their_reach():
    wave = 0.1 * noise(3 * RATE // 2, 3)
    low_band = LowBand(CFG, 8, 40, 0.96, fresh=False)
    n_targets = low_band.mixed + low_band.n_bands - low_band.n_single
    n_frames = 1 + len(wave) // low_band.hop
    target = torch.rand(n_frames, n_targets, generator=torch.Generator().manual_seed(4))
    whole = low_band.refine(wave, target)
    first = 6 * 64 * low_band.hop  # where a piece would begin
    part = low_band.refine(wave[first:], target[first // low_band.hop :])
    reach = low_band.reach
    assert reach < 40 * low_band.n_fft
    tolerance = 1e-4 * float(whole.abs().max())
    assert torch.allclose(part[reach:], whole[first + reach :], atol=tolerance)


def test_what_lies_below_all_bands_is_hushed():
    assert_rumble_is_hushed(LowBand(CFG, 16, 40, 0.98, True).correct_)


def test_silence_stays_silent():
    wave = torch.zeros(RATE)
    for low_band in (LowBand(CFG, 16, 5, 0.98, True), LowBand(CFG, 8, 5, 0.9, False)):
        assert low_band.correct_(wave, LogMel(CFG)(wave)).abs().max() < 1e-5


def test_single_bins_belong_to_no_other_band():
    filters = LogMel(CFG).filters
    for decimation in (8, 16):
        low_band = LowBand(CFG, decimation, 0, 0.9, fresh=False)
        assert (filters[low_band.first : low_band.mixed] > 1e-7).sum(1).eq(1).all()
        assert low_band.n_single == CFG.n_linear_bands - 1
