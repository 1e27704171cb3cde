"""Peaks, and phases that continue from frame to frame."""

from __future__ import annotations

import math

import pytest
import torch

from kcarol.vocoder.refinement.phase_continuation import CarriedPhases, continued_phases, peaks


@pytest.mark.parametrize("bins", (9.0, 20.3, 31.5, 40.75))
def test_peak_of_a_sine_is_its_frequency_in_bins(bins):
    n_fft = 128
    wave = torch.sin(2 * math.pi * bins / n_fft * torch.arange(4 * n_fft) + 0.3)
    window = torch.hann_window(n_fft)
    spectrum = torch.stft(wave, n_fft, 16, window=window, center=False, return_complex=True)
    peak, frequency = peaks(spectrum.abs().T)
    near = slice(int(bins) - 1, int(bins) + 3)  # its main lobe
    assert (peak[:, near] - bins).abs().max() <= 0.5
    assert (frequency[:, near] - bins).abs().max() < 0.05


@pytest.mark.parametrize("n_frames", (1, 2, 7, 100))
def test_phases_continue_as_if_made_frame_by_frame(n_frames):
    generator, n_bins = torch.Generator().manual_seed(n_frames), 9
    peak = torch.randint(n_bins, (n_frames, n_bins), generator=generator)
    turn = 40 * torch.rand(n_frames, n_bins, generator=generator)
    start = torch.rand(n_bins, generator=generator)
    phase, rows = start.double(), []
    for i in range(n_frames):
        phase = phase[peak[i]] + turn[i]
        rows.append(phase)
    difference = continued_phases(start, peak, turn).double() - torch.stack(rows)
    assert difference.cos().min() > 1 - 1e-6


def test_frames_of_a_piece_become_the_first_ones_of_the_next():
    phases = CarriedPhases()
    assert not len(phases.known)
    phases.record_(torch.arange(10.0)[:, None])
    phases.advance_(6, 9)
    assert phases.known[:, 0].tolist() == [6, 7, 8]
