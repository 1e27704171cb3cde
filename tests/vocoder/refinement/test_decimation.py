"""Down to a low sample rate and up again."""

from __future__ import annotations

import pytest
import torch
from sounds import RATE, tones

from kcarol.vocoder.refinement.decimation import Decimator, lowpass

FADED = torch.hann_window(2 * RATE)


@pytest.mark.parametrize("factor", (8, 16))
def test_down_and_up_again_is_identity_for_what_the_low_rate_holds(factor):
    decimator = Decimator(factor)
    wave = tones(110.0, 311.0) * FADED
    again = decimator.add_up_(torch.zeros_like(wave), decimator.down(wave))
    assert torch.allclose(again, wave, atol=2e-4)


def test_down_leaves_out_what_the_low_rate_cannot_hold():
    assert Decimator(8).down(tones(1_300.0, 5_000.0) * FADED).abs().max() < 2e-5


def test_filter_has_sum_one_and_is_symmetric():
    taps = lowpass(8)
    assert taps.sum() == pytest.approx(1, abs=1e-5) and torch.allclose(taps, taps.flip(0))


@pytest.mark.parametrize("length", (1, 15, 16, 17, 257))
def test_any_length_is_rounded_up_to_whole_samples_of_the_low_rate(length):
    assert len(Decimator(16).down(torch.ones(length))) == -(-length // 16)
