"""Pair sets: those that come with the project, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kcarol.arrangement.styles import STYLES
from kcarol.audio.log_mel import LogMel
from kcarol.config import TUNE_LOWEST, AudioConfig
from kcarol.corpus.dataset.pairs import VALIDATION_SEED
from kcarol.dataset.labels import NO_NOTE, unpack
from kcarol.dataset.pair_set import PairSetError, load_pair_set, read_pairs
from kcarol.dataset.shards import ROW_FRAMES

CFG = AudioConfig()
PAIRS = Path(__file__).resolve().parents[2] / "data" / "pairs"


@pytest.fixture(scope="module")
def held_out():
    return read_pairs(PAIRS)


@pytest.fixture(scope="module")
def training():
    return read_pairs(PAIRS / "train")


def test_held_out_pair_set_has_two_pairs_in_every_style(held_out):
    assert sorted(pair["style"] for pair in held_out) == sorted(2 * list(STYLES))
    for pair in held_out:
        assert pair["seed"] >= VALIDATION_SEED
        assert len(pair["pop"]) == len(pair["carol"]) > 15 * CFG.sample_rate
        assert len(pair["labels"].tune) == CFG.n_frames(len(pair["pop"]))
        assert (pair["labels"].tune != NO_NOTE).any()
        # records are mastered at any level, carols at one
        for kind, softest in (("pop", 0.01), ("carol", 0.05)):
            assert softest < np.sqrt(np.square(pair[kind]).mean()) < 0.8


def test_pair_sets_of_training_and_validation_share_no_title(held_out, training):
    titles = [{pair["title"] for pair in pairs} for pairs in (held_out, training)]
    assert titles[0] and titles[1] and not titles[0] & titles[1]


def test_shards_of_a_pair_set_have_the_pairs_as_rows(training):
    shards = load_pair_set(PAIRS / "train")
    assert [shard.pop.shape for shard in shards] == 3 * [(2, ROW_FRAMES * CFG.hop_length)]
    packed = training[0]["labels"].packed()
    assert np.array_equal(shards[0].labels[0][: len(packed)], packed)


def test_stored_tune_is_heard_in_the_stored_carol(held_out):
    pair = next(pair for pair in held_out if pair["style"] == "organ")
    mel = LogMel(CFG)(torch.from_numpy(pair["carol"]))
    tune = unpack(torch.from_numpy(pair["labels"].packed())).content.tune
    sung = tune.sum(-1) > 0
    hz = 440 * 2 ** ((tune.argmax(-1) + TUNE_LOWEST - 69) / 12)
    sine = torch.sin(2 * torch.pi * hz[sung][0] * torch.arange(16_000) / 16_000)
    band = LogMel(CFG)(sine).mean(0).argmax()
    same = sung & (hz == hz[sung][0])
    assert mel[same, band].mean() > mel[~same, band].mean() + 0.5


ONE_PAIR = {"name": "x", "style": "bells", "group": 0}


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (None, "pairs.json"),
        ("{", "whole pair set"),
        ('{"format": 99, "sample_rate": 16000, "pairs": []}', "format 99"),
        (json.dumps({"format": 1, "sample_rate": 16000, "pairs": [ONE_PAIR]}), "truth"),
    ],
)
def test_a_broken_pair_set_gives_one_line_with_the_way_out(tmp_path, about, reason):
    if about:
        (tmp_path / "pairs.json").write_text(about)
    for read in (read_pairs, load_pair_set):
        with pytest.raises(PairSetError, match=reason) as error:
            read(tmp_path)
        assert "\n" not in str(error.value) and "again" in str(error.value)
