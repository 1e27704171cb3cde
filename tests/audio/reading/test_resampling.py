"""Other sample rates, by chunks: as librosa's in one piece, and of exact lengths."""

import librosa
import numpy as np
import pytest

from kcarol.audio.reading.resampling import fit, n_resampled, of_length, resampled


def chunks(wave, size=1_234):
    return [wave[start : start + size] for start in range(0, len(wave), size)]


@pytest.mark.parametrize("rate, target", [(48_000, 44_100), (22_050, 48_000), (48_000, 48_000)])
@pytest.mark.parametrize("n_samples", [1, 17, 30_001])
def test_both_channels_are_resampled_as_in_one_piece(rate, target, n_samples):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (n_samples, 2)).astype(np.float32)
    found = np.concatenate(list(resampled(chunks(wave), rate, target)))
    expected = librosa.resample(wave, orig_sr=rate, target_sr=target, axis=0, res_type="soxr_hq")
    assert len(found) == n_resampled(n_samples, rate, target) == len(expected)
    assert np.abs(found - expected)[100:-100].max(initial=0) < 1e-4


def test_lengths_are_rounded_up():
    assert n_resampled(1, 48_000, 44_100) == 1
    assert n_resampled(48_000, 48_000, 44_100) == 44_100
    assert n_resampled(44_101, 44_100, 48_000) == 48_002


@pytest.mark.parametrize("n_samples", [5, 3_000, 4_000, 9_999])
def test_chunks_are_cut_or_padded_to_a_length(n_samples):
    wave = np.arange(1, 4_001, dtype=np.float32)[:, None].repeat(2, axis=1)
    found = np.concatenate(list(of_length(chunks(wave), n_samples)))
    assert np.array_equal(found, fit(wave, n_samples))
    assert found.shape == (n_samples, 2) and found.any(axis=1).sum() == min(n_samples, 4_000)
