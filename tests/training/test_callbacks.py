"""Facts about callbacks: curves and snapshots."""

import pytest
import torch
from training_runs import Lines, net, random_carols, squares

from kcarol.config import Config
from kcarol.model.transformer import MusicTransformer
from kcarol.training.batches import CarolBatches
from kcarol.training.callbacks import HeldOutLoss, LiveCurves, Snapshots

CFG = Config.smoke()


def test_live_curves_show_the_named_curves_of_the_log_at_every_call():
    shown, logs = [], iter([{"loss": 1, "tune": 2}, {"loss": 3, "tune": 4}])
    live = LiveCurves("log.csv", lambda path: next(logs), dict, shown.append, ["loss"])
    live(None, 10)
    live(None, 20, writer=None)
    assert shown == [{"loss": 1}, {"loss": 3}]


def test_snapshots_hold_what_is_played_by_step_and_leave_the_mode_as_it_was():
    batches = CarolBatches([random_carols()], CFG.audio, 2, 50)
    module = MusicTransformer(CFG.model).train()
    snapshots = Snapshots(batches)
    snapshots(module, 0)
    with torch.no_grad():
        module.out.bias.add_(1)
    snapshots(module, 7)
    assert list(snapshots.played) == [0, 7] and module.training
    assert snapshots.played[7].shape == snapshots.target.shape == (50, CFG.audio.n_bands)
    assert torch.equal(snapshots.target, batches.batch(0)["log_mel"][0, :, 0].float())
    rise = module.mel_std[: CFG.audio.n_bands]
    assert torch.allclose(snapshots.played[7], snapshots.played[0] + rise, atol=1e-4)


@torch.no_grad()
def test_held_out_losses_are_means_over_the_first_batches():
    module = net().eval()
    batches = [Lines(seed=3).batch(number) for number in range(3)]
    each = [squares(module, batch) for batch in batches]
    found = HeldOutLoss(Lines(seed=3), squares, n_batches=3)(module)
    for name in ("loss", "absolute"):
        assert found[name] == pytest.approx(sum(float(x[name]) for x in each) / 3)
