"""Shards rendered by several processes."""

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.dataset import rendering
from kcarol.corpus.dataset.rendering import build
from kcarol.dataset.labels import N_PACKED
from kcarol.dataset.shards import ROW_FRAMES, Shard, stored_shards

CFG = AudioConfig()


def test_build_goes_on_where_it_stopped(monkeypatch, tmp_path):
    asked = []

    def rendered(make, seeds, jobs):
        for seed in seeds:
            asked.append(seed)
            wave = np.full((2, ROW_FRAMES * CFG.hop_length), seed, np.int16)
            yield seed, Shard(wave, wave, np.zeros((2, ROW_FRAMES + 1, N_PACKED), np.int16))

    monkeypatch.setattr(rendering, "rendered", rendered)
    two_pairs_hours = 2 * ROW_FRAMES / CFG.frame_rate / 3600
    assert build(tmp_path, two_pairs_hours, seed=10, jobs=1)[0] == 2
    finished = next(tmp_path.iterdir()).stat().st_mtime_ns
    assert build(tmp_path, 2 * two_pairs_hours, seed=10, jobs=1)[0] == 2
    times = [path.stat().st_mtime_ns for path in tmp_path.iterdir()]
    assert asked == [10, 11] and finished in times
    assert build(tmp_path, 2 * two_pairs_hours, seed=10, jobs=1)[0] == 0
    assert [int(shard.pop[0, 0]) for shard in stored_shards(tmp_path)] == [10, 11]
