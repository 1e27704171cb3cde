"""Facts about callbacks: curves and snapshots."""

import numpy as np
import pytest
import torch

from kcarol.config import Config
from kcarol.dataset.labels import N_PACKED, NO_NOTE
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import PairBatches
from kcarol.training.callbacks import LiveCurves, Snapshots

CFG = Config.smoke()


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    waves = rng.integers(-3000, 3000, (2, 2, ROW_FRAMES * CFG.audio.hop_length)).astype(np.int16)
    labels = np.zeros((2, ROW_FRAMES + 1, N_PACKED), np.int16)
    labels[..., :2] = NO_NOTE
    return PairBatches([Shard(waves[0], waves[1], labels)], CFG.audio, 2, 2, 64)


def test_live_curves_show_the_named_curves_of_the_log_at_every_call():
    shown, logs = [], iter([{"loss": 1, "tune": 2}, {"loss": 3, "tune": 4}])
    live = LiveCurves("log.csv", lambda path: next(logs), dict, shown.append, ["loss"])
    live(None, 10)
    live(None, 20, writer=None)
    assert shown == [{"loss": 1}, {"loss": 3}]


def test_snapshots_hold_what_is_played_by_step_and_leave_the_mode_as_it_was(batches):
    module = MusicTransformer(CFG.model).train()
    snapshots = Snapshots(batches, row=1, n_frames=50)
    snapshots(module, 0)
    with torch.no_grad():
        module.out.bias.add_(1)
    snapshots(module, 7)
    assert list(snapshots.played) == [0, 7] and module.training
    assert snapshots.played[7].shape == snapshots.target.shape == (50, CFG.audio.n_mels)
    assert torch.equal(snapshots.target, batches.carol_mel[1, :50].float())
    assert torch.allclose(snapshots.played[7], snapshots.played[0] + module.mel_std, atol=1e-4)


@pytest.mark.parametrize(("row", "n_frames"), [(2, 10), (-1, 10), (0, 1), (0, ROW_FRAMES + 1)])
def test_snapshots_of_what_is_not_there_are_refused(batches, row, n_frames):
    with pytest.raises(ValueError, match="expected a row below 2"):
        Snapshots(batches, row, n_frames)
