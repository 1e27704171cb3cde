"""What the converter hears: pitch bands, onset flux and loudness."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from signals import sine

from kcarol.audio.features import DEVIATION_FLOOR, Features, shift_pitches, whiten
from kcarol.audio.spectrum import stft_blocks
from kcarol.config import AudioConfig

pytestmark = pytest.mark.usefixtures("one_thread")
CFG = AudioConfig()
FEATURES = Features(CFG)
N_PITCH = CFG.n_pitch_bands


def hz_of(midi):
    return 440 * 2 ** ((midi - 69) / 12)


def test_silence_gives_quiet_features():
    features = FEATURES(torch.zeros(5_000))
    assert features.isfinite().all() and not features[:, : N_PITCH + CFG.n_flux].any()
    assert (features[:, -1] == -3).all()


@pytest.mark.parametrize("midi", [33, 45.5, 60, 84, 96.5, 108])
def test_the_strongest_band_is_the_pitch(midi):
    band = FEATURES(torch.from_numpy(sine(hz_of(midi))))[30, :N_PITCH].argmax()
    assert CFG.lowest_midi + band / CFG.bands_per_semitone == midi


def test_a_sine_has_its_amplitude_in_every_band():
    for band in range(0, N_PITCH, 10):
        wave = torch.from_numpy(sine(hz_of(CFG.lowest_midi + band / CFG.bands_per_semitone)))
        spectrum = next(stft_blocks(wave[None], FEATURES.long_window, CFG.hop_length))
        level = (spectrum.abs().square() @ FEATURES.pitch_filters).sqrt()[0, 30, band]
        assert level == pytest.approx(0.3, rel=0.01)


def test_features_do_not_depend_on_level():
    wave = 0.1 * torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(FEATURES(wave), FEATURES(0.05 * wave), atol=1e-3)


def test_features_do_not_depend_on_a_constant():
    wave = 0.01 * torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(FEATURES(wave), FEATURES(wave + 0.3), atol=1e-3)


def test_whitened_bands_stay_within_the_clip_and_lose_most_of_a_tilt():
    bright = np.random.default_rng(0).standard_normal(32_000)
    dull = np.convolve(bright, [0.6, 0.4], "same")
    waves = torch.from_numpy(np.stack([bright, dull]).astype(np.float32))
    bright, dull = FEATURES(waves)[:, 20:-20, :N_PITCH]
    assert bright.min() >= CFG.whiten_clip[0] and bright.max() <= CFG.whiten_clip[1]
    assert np.corrcoef(bright.flatten(), dull.flatten())[0, 1] > 0.9


def test_whitening_takes_the_neighbours_that_are_there():
    bands = torch.rand(3, 40, generator=torch.Generator().manual_seed(0))
    whitened = whiten(bands, 5)
    for k in (0, 3, 20, 39):
        near = bands[:, max(0, k - 5) : k + 6]
        expected = (bands[:, k] - near.mean(1)) / (near.std(1, correction=0) + DEVIATION_FLOOR)
        assert torch.allclose(whitened[:, k], expected, atol=1e-4)


def test_flux_rises_at_an_onset_only():
    wave = torch.from_numpy(np.concatenate([np.zeros(8_000, np.float32), sine(500, 1.5)]))
    flux = FEATURES(wave)[:, N_PITCH : N_PITCH + CFG.n_flux].sum(1)
    assert abs(int(flux.argmax()) - 8_000 // CFG.hop_length) <= 2
    assert flux[40:-10].max() < 0.05 * flux.max()


def test_no_decoder_is_imported():
    code = (
        "import sys, kcarol.audio.features, kcarol.audio.log_mel;"
        "print(sorted({'librosa', 'pydub', 'soundfile', 'soxr'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("cents", [-90, -45, 30, 50])
def test_a_detuned_sound_has_the_features_of_one_in_tune(cents):
    wave, moved = (torch.from_numpy(sine(hz_of(midi))) for midi in (69, 69 + cents / 100))
    tuning = torch.full((CFG.n_frames(len(wave)),), float(cents))
    plain = FEATURES(wave)[5:-5, :N_PITCH]
    assert (FEATURES(moved, tuning)[5:-5, :N_PITCH] - plain).abs().mean() < 0.02
    assert (FEATURES(moved)[5:-5, :N_PITCH] - plain).abs().mean() > 0.03


def test_features_follow_a_tuning_that_changes():
    wave = torch.from_numpy(np.stack([sine(440.0), sine(hz_of(69.3))]))
    tuning = torch.zeros(2, CFG.n_frames(wave.shape[1]))
    tuning[1, 20:] = 30.0
    both = FEATURES(wave, tuning)
    assert torch.equal(both[0], FEATURES(wave[0]))
    assert torch.equal(both[1, :20], FEATURES(wave[1])[:20])
    assert torch.allclose(both[1, 20:], FEATURES(wave[1], torch.full((63,), 30.0))[20:], atol=1e-5)


@pytest.mark.parametrize("semitones", [-9, -3, 0, 2, 9])
def test_shifted_pitches_move_up_and_zeros_move_in(semitones):
    roll = torch.rand(2, 4, 5) + 0.1
    moved = shift_pitches(roll, semitones)
    for pitch in range(5):
        source = pitch - semitones
        wanted = roll[..., source] if 0 <= source < 5 else torch.zeros(2, 4)
        assert torch.equal(moved[..., pitch], wanted)
