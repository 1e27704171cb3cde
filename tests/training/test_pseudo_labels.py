"""What was heard, standing for what is true."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training_runs import random_transcription

from kcarol.config import TUNE_HIGHEST, TUNE_LOWEST, AudioConfig, Config
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import CONVERTER_FILE
from kcarol.dataset.labels import N_PACKED, unpack
from kcarol.dataset.pair_set import load_pair_set
from kcarol.model.content import N_FIELDS, Content
from kcarol.training import pretraining as runs
from kcarol.training.batches import PairBatches
from kcarol.training.pseudo_labels import labels_of, with_pseudo_labels

AUDIO = AudioConfig()

PAIRS = Path(__file__).resolve().parents[2] / "data/pairs/train"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def shard():
    return load_pair_set(PAIRS)[0]


def test_pseudo_labels_follows_each_shard_with_the_same_sounds_and_labels(shard, weights):
    told = list(with_pseudo_labels([shard, shard], Converter.load(weights)))
    assert len(told) == 4
    for other in told:
        assert (
            other.pop is shard.pop and other.carol is shard.carol and other.labels is shard.labels
        )
    true, heard = (torch.from_numpy(other.content).float() for other in told[:2])
    assert torch.allclose(true, unpack(torch.from_numpy(shard.labels)).content.fields(), atol=1e-3)
    assert heard.shape == true.shape and (heard - true).abs().mean() > 0.01


def contents(shard):
    """What the player is given: the labels, then what the shipped weights hear."""
    return [
        Content.of_fields(torch.from_numpy(other.content).float())
        for other in with_pseudo_labels([shard], Converter.load())
    ]


def test_the_shipped_weights_are_nearly_right_about_chords_and_never_quite_sure(shard):
    true, heard = (content.chord for content in contents(shard))
    assert ((heard > 0.5) == (true > 0.5)).float().mean() > 0.8
    assert ((heard > 0.1) & (heard < 0.9)).float().mean() > 0.01


def test_the_tune_of_pseudo_labels_lies_in_the_true_octave(shard):
    true, heard = (content.tune for content in contents(shard))
    for row, other in zip(true, heard, strict=True):
        pitches = [roll.argmax(-1)[roll.any(-1)].float().median() for roll in (row, other)]
        assert abs(pitches[0] - pitches[1]) <= 7


def test_a_store_hands_on_what_the_player_is_given(shard, weights):
    shards = list(with_pseudo_labels([shard], Converter.load(weights)))
    batch = PairBatches(shards, AUDIO, 2 * len(shard.pop), 16, 64).batch(3)
    assert batch["content"].shape == (16, 64, N_FIELDS)
    true = unpack(batch["labels"]).content.fields()
    is_true = [
        torch.allclose(a.float(), b, atol=1e-3) for a, b in zip(batch["content"], true, strict=True)
    ]
    assert set(is_true) == {True, False}


@pytest.mark.parametrize("stage, copies", [("play", 2), ("hear", 1)])
def test_playing_alone_goes_on_from_weights_with_their_pseudo_labels(
    stage, copies, weights, tmp_path, monkeypatch
):
    sources = []
    monkeypatch.setattr(
        runs,
        "fit",
        lambda module, loss, batches, *_, **__: (
            sources.append(batches) or tmp_path / "checkpoint.pt"
        ),
    )
    monkeypatch.setenv("RANK", "1")  # writes nothing
    runs.train_network(
        "converter",
        PAIRS,
        Config.smoke(),
        tmp_path,
        device="cpu",
        base_weights=weights / CONVERTER_FILE,
        stage=stage,
        most_pairs=4,
    )
    n_pairs = sum(len(shard.pop) for shard in load_pair_set(PAIRS))
    assert sources[0].filled == copies * min(4, n_pairs)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_labels_of_a_transcription_unpack_to_the_same_content(seed):
    transcription = random_transcription(400, seed)
    packed = labels_of(transcription).packed()
    assert packed.shape == (400, N_PACKED) and packed.dtype == np.int16
    targets = unpack(torch.from_numpy(packed))
    for name, value in vars(transcription.content).items():
        assert torch.allclose(getattr(targets.content, name), value, atol=2e-3), name
    assert np.array_equal(np.flatnonzero(targets.beat[:, 0]), transcription.beats)
    assert np.array_equal(np.flatnonzero(targets.downbeat[:, 0]), transcription.downbeats)
    assert set(packed[:, -1].tolist()) == {transcription.tune_shift}
    sung = packed[:, 0][packed[:, 0] >= 0]
    assert ((sung >= TUNE_LOWEST) & (sung <= TUNE_HIGHEST)).all()
