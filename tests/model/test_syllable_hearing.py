"""The network that hears vowels and syllables."""

import pytest
import torch

from kcarol.config import TUNE_LOWEST, AudioConfig, SyllableConfig
from kcarol.model.content import N_PITCHES
from kcarol.model.syllable_hearing import N_HARMONICS, SyllableHearing, harmonic_comb
from kcarol.model.vowels import VOWELS
from kcarol.model.weights_file import WeightsError

CFG = AudioConfig()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SyllableHearing(SyllableConfig.smoke()).eval()


def inputs(n_frames, n_rows=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(n_rows, n_frames, CFG.n_features, generator=rng)
    tune = torch.randn(n_rows, n_frames, N_PITCHES + 1, generator=rng).mul(3).softmax(-1)
    return features, tune


@pytest.mark.parametrize("n_frames", [1, 2, 3, 64, 101])
def test_a_song_of_any_length_has_logits_for_each_frame(network, n_frames):
    heard = network(*inputs(n_frames))
    assert heard.vowel.shape == (2, n_frames, len(VOWELS) + 1)
    assert heard.begins.shape == (2, n_frames, 1)
    assert torch.isfinite(heard.vowel).all() and torch.isfinite(heard.begins).all()


def test_rows_of_a_batch_do_not_hear_each_other(network):
    features, tune = inputs(50)
    both, alone = network(features, tune), network(features[1:], tune[1:])
    assert torch.allclose(both.vowel[1:], alone.vowel, atol=1e-5)


def test_the_pitch_of_the_voice_changes_what_is_heard(network):
    features, tune = inputs(50)
    other = tune.roll(12, dims=-1)
    assert not torch.allclose(network(features, tune).vowel, network(features, other).vowel)


def test_the_harmonics_of_a_pitch_are_where_they_belong():
    comb = harmonic_comb(CFG)
    assert comb.shape == (N_PITCHES, CFG.n_pitch_bands)
    a2 = comb[45 - TUNE_LOWEST]  # 110 Hz
    n_found = 0
    for number in range(1, N_HARMONICS + 1):
        midi = 69 + 12 * torch.tensor(110.0 * number / 440).log2().item()
        band = round((midi - CFG.lowest_midi) * CFG.bands_per_semitone)
        if band < CFG.n_pitch_bands:
            assert a2[band] > 0.7, number
            n_found += 1
    assert n_found == N_HARMONICS
    fundamental = (45 - CFG.lowest_midi) * CFG.bands_per_semitone
    assert a2[: fundamental - 2].max() < 0.01  # nothing below
    assert a2[fundamental + 6 : fundamental + 18].max() < 0.01  # nor before the octave


def test_saved_weights_are_loaded(network, tmp_path):
    network.save(tmp_path / "s.safetensors", {"about": "a test"})
    loaded = SyllableHearing.load(tmp_path / "s.safetensors")
    assert loaded.cfg == network.cfg and not loaded.training
    batch = inputs(40)
    assert torch.allclose(loaded(*batch).vowel, network(*batch).vowel, atol=0.02)
    assert torch.equal(loaded.comb, network.comb)


def test_weights_of_another_network_are_refused(tmp_path):
    (tmp_path / "s.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="s.safetensors"):
        SyllableHearing.load(tmp_path / "s.safetensors")
