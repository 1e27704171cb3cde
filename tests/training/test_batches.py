"""Batches of pairs and of waves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kcarol.audio.features import Features
from kcarol.config import AudioConfig
from kcarol.dataset.carols import CarolRows
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.pair_set import load_pair_set
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.notes import Notes
from kcarol.training.batches import FULL_SCALE, NO_NOTE, CarolBatches, PairBatches, WaveBatches

CFG = AudioConfig()
DATA = Path(__file__).resolve().parents[2] / "data"


def made_up_shards(n_shards: int, n_rows: int = 2, seed: int = 0) -> list[Shard]:
    """Noise whose loudness changes, and labels whose energy says the frame number."""
    rng, shards = np.random.default_rng(seed), []
    for _ in range(n_shards):
        level = rng.uniform(300, 6000, (2 * n_rows, 40)).repeat(
            ROW_FRAMES * CFG.hop_length // 40, axis=1
        )
        waves = (rng.standard_normal(level.shape) * level).clip(-32767, 32767).astype(np.int16)
        labels = np.zeros((n_rows, ROW_FRAMES + 1, N_PACKED), np.int16)
        labels[..., 6] = np.arange(ROW_FRAMES + 1)
        labels[..., 0] = 60 + rng.integers(0, 12, (n_rows, 1))
        shards.append(Shard(waves[:n_rows], waves[n_rows:], labels))
    return shards


@pytest.fixture(scope="module")
def shards():
    return made_up_shards(2)


@pytest.fixture(scope="module")
def pairs(shards):
    return PairBatches(shards, CFG, capacity=4, batch_size=4, window_frames=64, seed=5)


def test_batch_is_a_function_of_seed_and_step(shards, pairs):
    again = PairBatches(shards, CFG, capacity=4, batch_size=4, window_frames=64, seed=5)
    for step in (0, 7):
        first, second = pairs.batch(step), again.batch(step)
        assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(pairs.batch(0)["features"], pairs.batch(1)["features"])
    again.seed = 6
    assert not torch.equal(pairs.batch(0)["features"], again.batch(0)["features"])


def test_windows_of_features_and_labels_are_aligned(shards, pairs):
    pop = torch.from_numpy(np.concatenate([g.pop for g in shards])).float() / 32768
    features = Features(CFG)(pop).half()
    batch = pairs.batch(3)
    for window, labels in zip(batch["features"], batch["labels"], strict=True):
        start = int(labels[0, 6])  # the labels say the frame number
        assert any(torch.equal(window, row[start : start + 64]) for row in features)


def test_ranks_partition_the_batch(shards, pairs):
    waves = WaveBatches(carols_with_waves(), CFG, batch_size=4, window_frames=9, seed=5)
    for batches in (pairs, waves):
        whole = batches.batch(2)
        parts = [batches.batch(2, rank, 3) for rank in range(3)]
        assert all(
            torch.equal(torch.cat([part[key] for part in parts]), whole[key]) for key in whole
        )


def test_a_full_store_makes_room_by_dropping_the_oldest(shards):
    batches = PairBatches(
        made_up_shards(3, seed=1), CFG, capacity=4, batch_size=2, window_frames=32
    )
    third = made_up_shards(3, seed=1)[2]
    assert batches.filled == 4 and np.array_equal(
        batches.labels[:2, :, 0].numpy(), third.labels[..., 0]
    )


def test_an_empty_store_names_the_way_out():
    with pytest.raises(ValueError, match="kcarol corpus"):
        PairBatches([], CFG, capacity=2, batch_size=1, window_frames=32)


def test_an_error_while_filling_reaches_the_trainer():
    def broken():
        yield made_up_shards(1)[0]
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        PairBatches(broken(), CFG, capacity=4, batch_size=2, window_frames=32)


def carols_with_waves() -> list[CarolRows]:
    """Two carols of two rows, all their channels 20 frames of another number."""
    waves = torch.arange(1, 9, dtype=torch.int16).view(2, 2, 2, 1) * 1000
    waves = waves.expand(-1, -1, -1, 20 * CFG.hop_length)
    return [replace(c, waves=w) for c, w in zip(made_up_carols(2), waves, strict=True)]


def test_vocoder_batches_have_the_length_of_their_frames():
    wave = WaveBatches(carols_with_waves(), CFG, batch_size=3, window_frames=9).batch(0)["wave"]
    assert wave.shape == (3, 8 * CFG.hop_length)


def test_the_vocoder_learns_from_every_middle_and_side_alone(monkeypatch):
    monkeypatch.setattr(WaveBatches, "gain_db", (0.0, 0.0))
    batches = WaveBatches(carols_with_waves(), CFG, batch_size=64, window_frames=9)
    found = (batches.batch(0)["wave"] * FULL_SCALE).unique()
    assert found.tolist() == [1000.0 * number for number in range(1, 9)]


def test_pair_set_fills_a_pool():
    shards = load_pair_set(DATA / "pairs" / "train")
    batches = PairBatches(shards, CFG, capacity=2 * len(shards), batch_size=2, window_frames=128)
    batch = batches.batch(0)
    assert batches.filled == 2 * len(shards) and torch.isfinite(batch["features"]).all()


def made_up_carols(n: int, n_rows: int = 2, n_frames: int = 100) -> list[CarolRows]:
    """Rows whose log-mel says row and frame, each with a note every ten frames."""
    carols = []
    for first in range(0, n * n_rows, n_rows):
        mels = [
            torch.full((n_frames, 2, CFG.n_bands), float(row))
            for row in range(first, first + n_rows)
        ]
        for mel in mels:
            mel[:, 1] = torch.arange(n_frames)[:, None]
        starts = torch.arange(0, n_frames, 10.0)
        columns = [torch.full_like(starts, 5), starts + 40, -starts / 10, starts, starts + 5]
        notes = [Notes.of_tensor(torch.stack(columns, 1))] * n_rows
        waves = torch.zeros(n_rows, 2, 8, dtype=torch.int16)
        carols.append(CarolRows(notes, torch.stack(mels).half(), waves))
    return carols


def test_notes_of_a_batch_are_those_of_its_windows():
    batches = CarolBatches(made_up_carols(2), CFG, batch_size=4, window_frames=32, seed=3)
    batch = batches.batch(1)
    assert batch["log_mel"].shape == (4, 32, 2, CFG.n_bands)
    for mel, padded in zip(batch["log_mel"], batch["notes"], strict=True):
        notes = Notes.of_tensor(padded[padded[:, 0] != NO_NOTE])
        first = int(mel[0, 1, 0])
        assert torch.equal(notes.pitch, (40 + first + notes.start).long())
        assert len(notes) >= 3


def test_the_reference_is_of_the_other_carol_by_the_same_instruments():
    batches = CarolBatches(made_up_carols(3), CFG, batch_size=6, window_frames=32)
    batch = batches.batch(0)
    rows, others = batch["log_mel"][:, 0, 0, 0], batch["reference"][:, 0, 0, 0]
    assert torch.equal(rows // 2, others // 2) and not (rows == others).any()


def test_some_carols_can_be_drawn_more_often_than_others():
    carols = made_up_carols(3)
    batches = CarolBatches(carols, CFG, batch_size=50, window_frames=32, weights=[2, 1, 1])
    rows = torch.cat([batches.batch(step)["log_mel"][:, 0, 0, 0] for step in range(20)])
    assert abs((rows < 2).float().mean() - 0.5) < 0.06 and set(rows.tolist()) == set(range(6))


def test_windows_are_no_longer_than_the_shortest_carol():
    batches = CarolBatches(made_up_carols(1, n_frames=40), CFG, batch_size=2, window_frames=64)
    assert batches.batch(0)["log_mel"].shape[1] == 40


def test_processes_share_a_batch_of_carols():
    batches = CarolBatches(made_up_carols(2), CFG, batch_size=4, window_frames=32)
    whole, half = batches.batch(2), batches.batch(2, rank=1, world=2)
    assert torch.equal(whole["log_mel"][2:], half["log_mel"])
    assert torch.equal(whole["reference"][2:], half["reference"])


def test_no_carols_are_an_error():
    with pytest.raises(ValueError, match="at least one carol"):
        CarolBatches([], CFG, 4, 32)
