"""Waves brought to a log-mel: what passes keep, what they mend, and the low octaves at a low rate."""

from __future__ import annotations

import math

import pytest
import torch

from kcarol.audio.log_mel import LogMel
from kcarol.config import AudioConfig
from kcarol.vocoder.phase_refinement import LowBand, MelCorrection, gone_on, lowpass, peaks

CFG = AudioConfig()
RATE = CFG.sample_rate


def tones(*hz: float, seconds: float = 2.0) -> torch.Tensor:
    """(T,) of equally loud sines."""
    # in float32 the phases would be noise
    t = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return sum(0.1 * torch.sin(2 * math.pi * f * t + f) for f in hz).float()


def distance(wave: torch.Tensor, mel: torch.Tensor, bands: slice = slice(None)) -> float:
    inner = slice(8, -8)  # windows that reach beyond the ends hold zeros
    return float((LogMel(CFG)(wave) - mel)[inner, bands].abs().mean())


@pytest.mark.parametrize("decimation", (8, 16))
def test_down_and_up_again_is_identity_for_what_the_low_rate_holds(decimation):
    low_band = LowBand(CFG, decimation, 0, 0.9, fresh=False)
    wave = tones(110.0, 311.0) * torch.hann_window(2 * RATE)
    assert torch.allclose(
        low_band.add_up(low_band.down(wave), torch.zeros_like(wave)), wave, atol=2e-4
    )


def test_down_leaves_out_what_the_low_rate_cannot_hold():
    low_band = LowBand(CFG, 8, 0, 0.9, fresh=False)
    assert low_band.down(tones(1_300.0, 5_000.0) * torch.hann_window(2 * RATE)).abs().max() < 2e-5


def test_filter_has_sum_one_and_is_symmetric():
    taps = lowpass(8)
    assert math.isclose(float(taps.sum()), 1, abs_tol=1e-5) and torch.allclose(taps, taps.flip(0))


@pytest.mark.parametrize("length", (1, 15, 16, 17, 257, 4_000))
def test_any_length_comes_back_as_long(length):
    wave = torch.randn(length, generator=torch.Generator().manual_seed(0)) * 0.1
    for fresh in (False, True):
        made = LowBand(CFG, 16, 2, 0.9, fresh)(wave.clone(), LogMel(CFG)(wave))
        assert made.shape == wave.shape and made.isfinite().all()


def test_without_a_pass_the_wave_is_as_it_was():
    wave = tones(200.0, 900.0)
    assert torch.allclose(
        LowBand(CFG, 8, 0, 0.9, fresh=False)(wave.clone(), LogMel(CFG)(wave)), wave, atol=1e-6
    )


def test_passes_mend_the_low_bands_and_leave_the_high_ones():
    generator = torch.Generator().manual_seed(0)
    labels = tones(131.0, 165.0, 196.0, 2_000.0)
    mel = LogMel(CFG)(labels)
    wrong = labels + 0.02 * torch.randn(len(labels), generator=generator)
    low_band = LowBand(CFG, 16, 60, 0.98, fresh=True)
    made = low_band(wrong.clone(), mel)
    low, high = slice(0, low_band.n_single), slice(80, None)
    assert distance(made, mel, low) < 0.35 * distance(wrong, mel, low)
    assert abs(distance(made, mel, high) - distance(wrong, mel, high)) < 0.02


def test_fresh_phases_need_no_good_beginning():
    generator = torch.Generator().manual_seed(1)
    labels = tones(98.0, 147.0, 220.0, 330.0)
    mel, noise = LogMel(CFG)(labels), 0.1 * torch.randn(len(labels), generator=generator)
    single = slice(0, LowBand(CFG, 16, 0, 0.9, True).n_single)
    made = {fresh: LowBand(CFG, 16, 3, 0.98, fresh)(noise.clone(), mel) for fresh in (True, False)}
    assert distance(made[True], mel, single) < 0.7 * distance(made[False], mel, single)


def test_pieces_are_the_whole_within_rounding(monkeypatch):
    wave = torch.randn(6 * RATE, generator=torch.Generator().manual_seed(2)) * 0.1
    mel = LogMel(CFG)(wave) - 0.5
    low_band = LowBand(CFG, 16, 3, 0.5, fresh=True)
    made = []
    for n in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=n: n)
        made.append(low_band(wave.clone(), mel))
    assert torch.allclose(*made, atol=1e-5)


def test_many_passes_carry_no_farther_than_their_reach():
    wave = torch.randn(3 * RATE // 2, generator=torch.Generator().manual_seed(3)) * 0.1
    low_band = LowBand(CFG, 8, 40, 0.96, fresh=False)
    n_aims = low_band.mixed + low_band.n_bands - low_band.n_single
    target = torch.rand(
        1 + len(wave) // low_band.hop, n_aims, generator=torch.Generator().manual_seed(4)
    )
    made = low_band.corrected(wave, target)
    first = 6 * 64 * low_band.hop  # where a piece would begin
    part = low_band.corrected(wave[first:], target[first // low_band.hop :])
    assert low_band.reach < 40 * low_band.n_fft
    assert torch.allclose(
        part[low_band.reach :], made[first + low_band.reach :], atol=1e-4 * float(made.abs().max())
    )


@pytest.mark.parametrize(
    "correct",
    (
        lambda wave, mel: LowBand(CFG, 16, 40, 0.98, True)(wave, mel),
        lambda wave, mel: MelCorrection(CFG, 5, 0.8, 1.2)(wave[None], mel[None])[0],
    ),
)
def test_what_lies_below_all_bands_is_hushed(correct):
    def power_between(wave, first_hz, stop_hz):
        return float(
            torch.fft.rfft(wave * torch.hann_window(len(wave)))[2 * first_hz : 2 * stop_hz]
            .abs()
            .square()
            .sum()
        )  # two seconds: bins of half a hertz

    wave, rumble = tones(131.0, 196.0, 330.0), 3 * tones(5.0, 14.0, 22.0)
    made = correct(wave + rumble, LogMel(CFG)(wave))
    assert power_between(made, 0, 30) < 1e-3 * power_between(rumble, 0, 30)
    assert power_between(made, 100, 400) > 0.8 * power_between(wave, 100, 400)


def test_silence_stays_silent():
    wave = torch.zeros(RATE)
    for correction in (LowBand(CFG, 16, 5, 0.98, True), LowBand(CFG, 8, 5, 0.9, False)):
        assert correction(wave, LogMel(CFG)(wave)).abs().max() < 1e-5


@pytest.mark.parametrize("bins", (9.0, 20.3, 31.5, 40.75))
def test_peak_of_a_sine_is_its_frequency_in_bins(bins):
    n_fft = 128
    wave = torch.sin(2 * math.pi * bins / n_fft * torch.arange(4 * n_fft) + 0.3)
    magnitude = (
        torch.stft(
            wave, n_fft, 16, window=torch.hann_window(n_fft), center=False, return_complex=True
        )
        .abs()
        .T
    )
    peak, frequency = peaks(magnitude)
    near = slice(int(bins) - 1, int(bins) + 3)  # its main lobe
    assert (peak[:, near] - bins).abs().max() <= 0.5
    assert (frequency[:, near] - bins).abs().max() < 0.05


def test_mel_correction_brings_a_wave_nearer():
    wave = tones(250.0, 1_000.0, 3_000.0)
    mel = LogMel(CFG)(wave)
    wrong = wave + 0.02 * torch.randn(len(wave), generator=torch.Generator().manual_seed(0))
    made = MelCorrection(CFG, 6, 0.85, 1.3)(wrong[None], mel[None])[0]
    assert distance(made, mel) < 0.5 * distance(wrong, mel)


def test_even_and_odd_frames_are_brought_equally_near():
    wave = tones(250.0, 1_000.0, 3_000.0)
    mel, noise = (
        LogMel(CFG)(wave),
        torch.randn(len(wave), generator=torch.Generator().manual_seed(0)),
    )
    error = (
        LogMel(CFG)(MelCorrection(CFG, 6, 0.8, 1.2)((wave + 0.02 * noise)[None], mel[None])[0])
        - mel
    )[8:-8].abs()
    assert float(error[::2].mean()) == pytest.approx(float(error[1::2].mean()), rel=0.25)


def test_single_bins_belong_to_no_other_band():
    filters = LogMel(CFG).filters
    for decimation in (8, 16):
        low_band = LowBand(CFG, decimation, 0, 0.9, fresh=False)
        assert (filters[low_band.first : low_band.mixed] > 1e-7).sum(1).eq(1).all()
        assert low_band.n_single == CFG.n_linear_bands - 1


@pytest.mark.parametrize("n_frames", (1, 2, 7, 100))
def test_phases_go_on_as_frame_by_frame(n_frames):
    generator, n_bins = torch.Generator().manual_seed(n_frames), 9
    peak = torch.randint(n_bins, (n_frames, n_bins), generator=generator)
    turn, begin = (
        40 * torch.rand(n_frames, n_bins, generator=generator),
        torch.rand(n_bins, generator=generator),
    )
    phase, rows = begin.double(), []
    for i in range(n_frames):
        phase = phase[peak[i]] + turn[i]
        rows.append(phase)
    turned = gone_on(begin, peak, turn).double() - torch.stack(rows)
    assert torch.polar(torch.ones_like(turned), turned).real.min() > 1 - 1e-6
