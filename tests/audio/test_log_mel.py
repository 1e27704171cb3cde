"""The log-mel spectrogram: bands, frames, and behaviour under autocast and autograd."""

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import sine

from kcarol.audio import spectrum
from kcarol.audio.features import Features
from kcarol.audio.log_mel import LogMel, mel_edges_hz, mel_filters
from kcarol.audio.loudness import loudness_curve
from kcarol.config import AudioConfig

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
LOG_MEL, FEATURES = LogMel(CFG), Features(CFG)
BOTH = pytest.mark.parametrize("module", [LOG_MEL, FEATURES], ids=["log_mel", "features"])


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


# ---- what holds for features, too


@settings(max_examples=30, deadline=None)
@given(n_samples=st.integers(1, 9_000))
def test_there_is_a_frame_each_hop_at_any_length(n_samples):
    wave = torch.rand(n_samples) - 0.5
    n_frames = 1 + n_samples // CFG.hop_length
    assert LOG_MEL(wave).shape == (n_frames, CFG.n_mels)
    assert FEATURES(wave).shape == (n_frames, CFG.n_features)
    assert loudness_curve(wave, CFG.hop_length).shape == (n_frames,)


@BOTH
def test_batches_equal_single_waves_and_any_leading_shape(module):
    waves = noise(2, 3, 7_001)
    batch = module(waves)
    assert batch.shape[:3] == (2, 3, 28)
    assert torch.allclose(batch[1, 2], module(waves[1, 2]), atol=1e-4)


@BOTH
def test_block_size_does_not_change_the_frames(module, monkeypatch):
    wave = noise(30_000)
    whole = module(wave)
    monkeypatch.setattr(spectrum, "BLOCK_SAMPLES", 7 * CFG.n_fft)
    assert torch.allclose(module(wave), whole, atol=1e-5)


@BOTH
def test_it_stays_float32_under_autocast_and_adds_nothing_to_checkpoints(module):
    wave = noise(4_000)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(wave)
    assert found.dtype == torch.float32 and torch.equal(found, module(wave))
    assert not module.state_dict()


@BOTH
def test_an_empty_wave_is_refused(module):
    with pytest.raises(ValueError, match="T >= 1"):
        module(torch.zeros(2, 0))


# ---- the log-mel alone


def test_it_is_librosas_stft_under_the_filters():
    wave = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    magnitude = np.abs(
        librosa.stft(wave, n_fft=CFG.n_fft, hop_length=CFG.hop_length, pad_mode="constant")
    )
    expected = np.log(np.maximum(mel_filters(CFG).numpy().T @ magnitude, CFG.log_floor)).T
    assert np.abs(LOG_MEL(torch.from_numpy(wave)).numpy() - expected).max() < 1e-3


def test_mel_bands_are_one_bin_apart_below_and_in_equal_ratios_above():
    hz, n = mel_edges_hz(CFG), CFG.n_linear_bands
    bin_hz = CFG.sample_rate / CFG.n_fft
    assert len(hz) == CFG.n_mels + 2
    assert abs(hz[0] - CFG.f_min_hz) < bin_hz and abs(hz[-1] - CFG.f_max_hz) < 1e-6
    assert torch.allclose(hz[: n + 1].diff(), torch.tensor(bin_hz, dtype=hz.dtype))
    ratios = hz[n + 1 :] / hz[n:-1]
    assert torch.allclose(ratios, ratios[:1]) and 1 < ratios[0] < 2 ** (1 / 12)


def test_a_mel_band_is_a_mean_magnitude():
    area = mel_filters(CFG).sum(0) * CFG.sample_rate / CFG.n_fft
    assert (area - 1).abs().max() < 0.2  # triangles a few bins wide are sampled coarsely


def test_neighbouring_semitones_lie_in_different_mel_bands():
    for midi in range(50, 90, 3):
        hz = [440 * 2 ** ((m - 69) / 12) for m in (midi, midi + 1)]
        tones = torch.from_numpy(np.stack([sine(f, amplitude=1) for f in hz]))
        bands = LOG_MEL(tones)[:, 30].argmax(-1)
        assert bands[0] != bands[1], midi


def test_silence_gives_the_floor():
    assert torch.allclose(LOG_MEL(torch.zeros(5_000)), torch.tensor(CFG.log_floor).log())


def test_gradients_are_finite():
    wave = torch.zeros(3_000)
    wave[:1_000] = noise(1_000)
    wave.requires_grad_()
    LOG_MEL(wave).sum().backward()
    assert wave.grad.isfinite().all() and wave.grad[:1_000].abs().sum() > 0
