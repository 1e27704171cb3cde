"""Facts about watching training: what a step costs, curves, snapshots, memory that runs out."""

import numpy as np
import pytest
import torch
from torch import nn

from kcarol.config import Config
from kcarol.dataset.labels import N_PACKED, NO_NOTE
from kcarol.dataset.shards import ROW_FRAMES, Shard
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import PairBatches
from kcarol.training.callbacks import LiveCurves, Snapshots
from kcarol.training.loop import fit
from kcarol.training.memory import KeptBytes, ScarceMemory, step_cost

CFG = Config.smoke()


class Square:
    """Mean square of a layer's output."""

    def __call__(self, module, batch):
        return {"loss": module(batch).float().square().mean()}


@pytest.fixture(scope="module")
def pool():
    rng = np.random.default_rng(0)
    waves = rng.integers(-3000, 3000, (2, 2, ROW_FRAMES * CFG.audio.hop_length)).astype(np.int16)
    labels = np.zeros((2, ROW_FRAMES + 1, N_PACKED), np.int16)
    labels[..., :2] = NO_NOTE
    return PairBatches([Shard(waves[0], waves[1], labels)], CFG.audio, 2, 2, 64)


def test_a_step_costs_time_and_memory_and_changes_neither_weights_nor_the_random_state():
    layer, state = nn.Linear(8, 8), torch.get_rng_state()
    weights = layer.weight.clone()
    cost = step_cost(layer, Square(), torch.ones(4, 8), "fp32", repeats=1)
    assert (
        cost.seconds > 0
        and cost.kept_bytes > 0
        and cost.loss == pytest.approx(layer(torch.ones(4, 8)).square().mean().item())
    )
    assert (
        torch.equal(layer.weight, weights)
        and layer.weight.grad is None
        and torch.equal(torch.get_rng_state(), state)
    )
    assert str(cost).startswith("fp32: ")


def test_half_precision_keeps_fewer_bytes_and_nearly_the_same_loss():
    net = nn.Sequential(
        nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4)
    )
    batch = torch.randn(4096, 64, generator=torch.Generator().manual_seed(0))
    full, half = (
        step_cost(net, Square(), batch, precision, repeats=1) for precision in ("fp32", "bf16")
    )
    assert half.kept_bytes < 0.75 * full.kept_bytes and half.loss == pytest.approx(
        full.loss, rel=0.05
    )


def test_kept_bytes_count_a_storage_once_and_weights_never():
    layer, x = nn.Linear(16, 16, bias=False), torch.ones(8, 16)
    kept = KeptBytes(layer)
    with kept.counting():
        y = layer(x)
        y.square().sum() + layer(x).sum()
    assert kept.total == x.numel() * 4 + y.numel() * 4


def test_unknown_precision_says_what_there_is():
    with pytest.raises(ValueError, match="fp32, bf16 or fp16"):
        step_cost(nn.Linear(2, 2), Square(), torch.ones(1, 2), "int8")


def test_live_curves_show_the_named_curves_of_the_log_at_every_call():
    shown, logs = [], iter([{"loss": 1, "tune": 2}, {"loss": 3, "tune": 4}])
    live = LiveCurves("log.csv", lambda path: next(logs), dict, shown.append, ["loss"])
    live(None, 10)
    live(None, 20, writer=None)
    assert shown == [{"loss": 1}, {"loss": 3}]


def test_snapshots_hold_what_is_played_by_step_and_leave_the_mode_as_it_was(pool):
    module = MusicTransformer(CFG.model).train()
    snapshots = Snapshots(pool, row=1, n_frames=50)
    snapshots(module, 0)
    with torch.no_grad():
        module.out.bias.add_(1)
    snapshots(module, 7)
    assert list(snapshots.played) == [0, 7] and module.training
    assert snapshots.played[7].shape == snapshots.target.shape == (50, CFG.audio.n_mels)
    assert torch.equal(snapshots.target, pool.carol_mel[1, :50].float())
    assert torch.allclose(snapshots.played[7], snapshots.played[0] + module.mel_std, atol=1e-4)


@pytest.mark.parametrize(("row", "n_frames"), [(2, 10), (-1, 10), (0, 1), (0, ROW_FRAMES + 1)])
def test_snapshots_of_what_is_not_there_are_refused(pool, row, n_frames):
    with pytest.raises(ValueError, match="expected a row below 2"):
        Snapshots(pool, row, n_frames)


def test_training_goes_on_where_memory_is_scarce(tmp_path):
    class Ones:
        def batch(self, step, rank=0, world=1):
            return torch.ones(4, 3)

    train = CFG.with_train(steps=2, batch_size=4).train
    path = fit(
        nn.Linear(3, 2),
        ScarceMemory(Square(), 1),
        Ones(),
        train,
        tmp_path,
        device="cpu",
        quiet=True,
    )
    state = torch.load(path, weights_only=True)
    assert state["step"] == 2 and state["parts"] == 4


def test_scarce_memory_leaves_small_batches_alone():
    layer = nn.Linear(3, 2)
    assert (
        ScarceMemory(Square(), 2)(layer, torch.ones(2, 3))["loss"]
        == Square()(layer, torch.ones(2, 3))["loss"]
    )
    with pytest.raises(torch.OutOfMemoryError, match="room for 2 rows, 3 asked for"):
        ScarceMemory(Square(), 2)(layer, torch.ones(3, 3))
