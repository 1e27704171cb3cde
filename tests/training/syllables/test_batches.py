"""Batches of sung songs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sung_songs import sung_rows

from kcarol.audio.features import Features
from kcarol.config import AudioConfig, ModelConfig
from kcarol.model.content import N_PITCHES
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import features_of_rows
from kcarol.training.syllables.batches import SungBatches

CFG = AudioConfig()


def short_rows(n_frames=200, **how):
    """Rows whose vowels say the row and whose beginnings say nothing."""
    rows = sung_rows(**how)
    vowel = np.tile(np.arange(len(rows.pop), dtype=np.int8)[:, None], (1, n_frames))
    pop = rows.pop[:, : (n_frames - 1) * CFG.hop_length]
    return replace(rows, pop=pop, vowel=vowel, begins=rows.begins[:, :n_frames])


@pytest.fixture(scope="module")
def hearing():
    torch.manual_seed(0)
    return MusicTransformer(ModelConfig.smoke())


@pytest.fixture(scope="module")
def batches(hearing):
    return SungBatches([short_rows(), short_rows(seed=1)], hearing, CFG, 4, 48, seed=3)


def test_a_batch_has_the_windows_of_its_rows(batches):
    batch = batches.batch(0)
    assert batch["features"].shape == (4, 48, CFG.n_features)
    assert batch["tune"].shape == (4, 48, N_PITCHES + 1)
    assert batch["vowel"].shape == batch["begins"].shape == (4, 48)
    assert torch.allclose(batch["tune"].float().sum(-1), torch.ones(4, 48), atol=0.01)
    assert batches.n_rows == 4


def test_windows_of_features_and_vowels_are_aligned(batches):
    features = features_of_rows(short_rows().pop, Features(CFG), CFG).half()
    features = torch.cat([features, features_of_rows(short_rows(seed=1).pop, Features(CFG), CFG)])
    batch = batches.batch(1)
    for window, vowel in zip(batch["features"], batch["vowel"], strict=True):
        rows = features[int(vowel[0]) :: 2].half()
        spans = rows.unfold(1, 48, 1).transpose(2, 3).flatten(0, 1)
        assert (spans == window).all((1, 2)).any()


def test_a_batch_depends_on_its_number_and_the_seed(batches):
    first, again, other = batches.batch(5), batches.batch(5), batches.batch(6)
    assert torch.equal(first["features"], again["features"])
    assert not torch.equal(first["features"], other["features"])


def test_processes_share_a_batch(batches):
    whole, half = batches.batch(2), batches.batch(2, rank=1, world=2)
    assert all(torch.equal(whole[name][2:], half[name]) for name in whole)


def test_windows_are_no_longer_than_the_rows(hearing):
    batches = SungBatches([short_rows(n_frames=100)], hearing, CFG, 2, 384)
    assert batches.batch(0)["vowel"].shape == (2, 100)


def test_no_songs_are_an_error(hearing):
    with pytest.raises(ValueError, match="kcarol corpus --sung"):
        SungBatches([], hearing, CFG, 2, 48)
