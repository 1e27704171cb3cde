"""Pairs to evaluate on: shards with a style by example, songs with and without labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.config import AudioConfig
from kcarol.dataset.labels import N_PACKED, SONG_LABELS_FILE, save_labels
from kcarol.dataset.shards import SUFFIX, Shard, save_shard
from kcarol.evaluation.held_out import demo_pairs, synthetic_pairs

CFG = AudioConfig()
DATA = Path(__file__).resolve().parents[2] / "data"


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.2, 0.2, round(seconds * CFG.sample_rate)).astype(np.float32)


def some_labels(n_frames: int) -> np.ndarray:
    packed = np.zeros((n_frames, N_PACKED), np.int16)
    packed[:, 0] = np.arange(n_frames) % 40 + 40
    return packed


def test_pairs_of_a_shard_take_each_others_carols_as_style(tmp_path):
    waves = (np.stack([noise(1, seed) for seed in range(4)]) * 32767).astype(np.int16)
    shard = Shard(waves[:2], waves[2:], np.stack(2 * [some_labels(63)]))
    save_shard(tmp_path / f"{7:012d}{SUFFIX}", shard)
    first, second = synthetic_pairs(tmp_path, tmp_path / "references", 24)
    assert [first["name"], second["name"]] == ["7-0", "7-1"]
    reference = load_audio(first["style"])
    assert len(reference) == len(second["carol"])
    assert np.abs(reference - second["carol"]).max() < 1e-3
    assert np.array_equal(first["labels"].tune, some_labels(63)[:, 0])
    assert len(synthetic_pairs(tmp_path, tmp_path / "references", 1)) == 1


def test_a_folder_without_pairs_names_the_way_out(tmp_path):
    with pytest.raises(FileNotFoundError, match="render some: kcarol corpus"):
        synthetic_pairs(tmp_path, tmp_path, 1)


def test_labelled_songs_come_with_labels_and_others_with_their_carol_as_style(tmp_path):
    songs, carols = tmp_path / "songs", tmp_path / "carols"
    for name in ("known", "mine", "alone"):
        save_audio(songs / f"{name}.wav", noise(2.0))
    for name in ("known", "mine"):
        save_audio(carols / f"{name}.wav", noise(1.5))
    save_labels(carols / SONG_LABELS_FILE, {"known": some_labels(300)})
    (carols / "known.truth.json").write_text(json.dumps({"style": "bells"}))
    pairs = {pair["name"]: pair for pair in demo_pairs(songs, carols)}
    assert set(pairs) == {"known", "mine"}
    assert pairs["mine"]["style"] == carols / "mine.wav" and "labels" not in pairs["mine"]
    known = pairs["known"]
    assert known["style"] == "bells"
    assert len(known["pop"]) == len(known["carol"]) == 1.5 * CFG.sample_rate
    n_frames = CFG.n_frames(len(known["pop"]))
    assert np.array_equal(known["labels"].tune, some_labels(300)[:n_frames, 0])


def test_demo_songs_of_the_repository_are_all_labelled():
    pairs = demo_pairs(DATA / "raw" / "kpop", DATA / "demo_carols", heard_s=2.0)
    assert len(pairs) == 6
    assert all(pair["style"] == "bells" and pair["labels"].beat.any() for pair in pairs)
