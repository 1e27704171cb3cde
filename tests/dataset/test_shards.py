"""Shards: rows of one length, files."""

from __future__ import annotations

import numpy as np

from kcarol.dataset.labels import N_PACKED, NO_NOTE
from kcarol.dataset.shards import ROW_FRAMES, SUFFIX, Shard, save_shard, stored_shards

HOP = 4


def test_pairs_of_any_length_become_rows_of_one():
    short, long = np.full(10, 0.5, np.float32), np.full(HOP * ROW_FRAMES + 9, -2.0, np.float32)
    labels = [np.ones((n, N_PACKED), np.int16) for n in (3, ROW_FRAMES + 5)]
    shard = Shard.of([short, long], [long, short], labels, HOP)
    assert shard.pop.shape == shard.carol.shape == (2, HOP * ROW_FRAMES)
    assert shard.pop[0, :11].tolist() == 10 * [16384] + [0]
    assert (shard.pop[1] == -32767).all()  # clipped
    assert shard.labels.shape == (2, ROW_FRAMES + 1, N_PACKED)
    assert shard.labels[0, 2].tolist() == N_PACKED * [1]
    assert shard.labels[0, 3].tolist() == [NO_NOTE, NO_NOTE, *(N_PACKED - 2) * [0]]


def test_shards_of_a_folder_come_back_in_order(tmp_path):
    rng = np.random.default_rng(0)
    for number in (11, 2):
        wave = rng.integers(-9, 9, (2, 20)).astype(np.int16)
        labels = np.full((2, 6, N_PACKED), number, np.int16)
        save_shard(tmp_path / f"{number:012d}{SUFFIX}", Shard(wave, wave + 1, labels))
    loaded = list(stored_shards(tmp_path))
    assert [int(shard.labels[0, 0, 0]) for shard in loaded] == [2, 11]
    assert np.array_equal(loaded[1].carol, loaded[1].pop + 1)
