"""Facts about the training loop: resuming, stopping, precision, accumulation."""

import os
import random
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from training_runs import (
    CFG,
    Lines,
    adversarial,
    interrupt_at,
    losses_of,
    net,
    rows_of,
    same,
    squares,
    train,
)

from kcarol.config import TrainConfig
from kcarol.training.checkpoint import load_checkpoint, load_model_state
from kcarol.training.loop import TrainingError, learning_rate


def test_loss_falls_and_the_average_of_the_weights_follows(tmp_path):
    module = net()
    path = train(module, squares, replace(CFG, steps=150, log_every=10), tmp_path)
    losses = losses_of(tmp_path)
    assert losses[-1] < 0.2 * losses[0]
    averaged = net(seed=1)
    assert load_model_state(path, averaged) == 150
    test = Lines(seed=9, rows=256).batch(0)
    with torch.no_grad():
        assert squares(averaged, test)["loss"] < 0.3
        assert not torch.equal(averaged[0].weight, module[0].weight)


@pytest.mark.parametrize("n_workers", [0, 2])
def test_two_times_50_steps_are_100_steps_to_the_bit(tmp_path, n_workers):
    cfg = replace(CFG, steps=100, save_every=30, picture_every=25, log_every=7)

    def validate(module):
        return {"noise": torch.rand(()).item()}  # draws from the global generator

    options = {"n_workers": n_workers, "validate": validate}
    whole, halves = net(dropout=0.3), net(dropout=0.3)
    path = train(whole, squares, cfg, tmp_path / "whole", **options)
    train(halves, squares, cfg, tmp_path / "halves", stop_step=50, **options)
    fresh = net(dropout=0.3, seed=5)
    torch.rand(3)  # another place of the global generators
    again = train(fresh, squares, cfg, tmp_path / "halves", resume=True, **options)
    assert same(load_checkpoint(path), load_checkpoint(again))
    assert same(whole.state_dict(), fresh.state_dict())
    assert losses_of(tmp_path / "whole") == losses_of(tmp_path / "halves")


def test_ctrl_c_inside_a_step_saves_and_says_how_to_resume(tmp_path):
    cfg = replace(CFG, steps=30)
    train(net(0.3), squares, cfg, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt, match="interrupted at step 13 of 30.*--resume"):
        train(net(0.3), interrupt_at(squares, 13), cfg, tmp_path / "cut")
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 13
    train(net(0.3, seed=2), squares, cfg, tmp_path / "cut", resume=True)
    assert same(*(load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("whole", "cut")))


def test_interrupt_signal_finishes_the_step_at_hand(tmp_path, capsys):
    def loss_fn(module, batch):
        if batch["x"] is not None and len(seen) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        seen.append(1)
        return squares(module, batch)

    seen, before = [], signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(net(), loss_fn, CFG, tmp_path, quiet=False)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 5
    assert signal.getsignal(signal.SIGINT) is before
    assert "go on with --resume" in capsys.readouterr().out


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_loss_that_is_not_finite_stops_with_step_and_batch_and_keeps_the_checkpoint(
    tmp_path, precision
):
    def broken(module, batch):
        calls.append(1)
        terms = squares(module, batch)
        return {**terms, "loss": terms["loss"] * (float("nan") if len(calls) == 2 * 13 + 2 else 1)}

    calls, cfg = [], replace(CFG, accumulation=2, precision=precision)
    with pytest.raises(TrainingError, match="loss not finite at step 13, batch 27.*checkpoint"):
        train(net(), broken, cfg, tmp_path)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 10


def test_gradient_that_is_not_finite_never_reaches_a_checkpoint(tmp_path):
    class Blowup(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x.sum(1, keepdim=True) * self.weight.abs().sqrt()  # gradient inf * 0 at weight 0

    with pytest.raises(TrainingError, match="gradient not finite at step 0"):
        train(Blowup(), squares, replace(CFG, save_every=1), tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_like_float32(tmp_path, precision):
    cfg = replace(CFG, steps=200, log_every=10)  # fp16 skips some first steps, until its scale fits
    for name in ("fp32", precision):
        train(net(), squares, replace(cfg, precision=name), tmp_path / name)
    full, half = (
        np.mean(losses_of(tmp_path / "fp32")[-2:]),
        np.mean(losses_of(tmp_path / precision)[-2:]),
    )
    assert abs(half - full) < 0.05 < losses_of(tmp_path / precision)[0]


def test_accumulated_batches_are_one_large_batch(tmp_path):
    class Doubled(Lines):
        def batch(self, step, rank=0, world=1):
            a, b = (Lines.batch(self, 2 * step + i) for i in (0, 1))
            return {k: torch.cat([a[k], b[k]]) for k in ("x", "y")}

    train(net(), squares, replace(CFG, accumulation=2), tmp_path / "accumulated")
    train(net(), squares, CFG, tmp_path / "large", loader=Doubled())
    np.testing.assert_allclose(
        losses_of(tmp_path / "accumulated"), losses_of(tmp_path / "large"), rtol=1e-5
    )


def test_learning_rate_warms_up_and_falls_to_a_hundredth():
    cfg = TrainConfig(steps=1000, warmup_steps=100, learning_rate=1.0)
    assert [learning_rate(s, cfg) for s in (0, 49, 99, 100)] == pytest.approx([0.01, 0.5, 1.0, 1.0])
    assert learning_rate(550, cfg) == pytest.approx(0.505)
    assert learning_rate(1000, cfg) == pytest.approx(0.01)


def test_validation_and_callbacks_see_averaged_weights_in_eval_mode_and_change_nothing(tmp_path):
    def look(module, step, writer):
        assert not module.training and not torch.is_grad_enabled()
        writer.add_image("picture", torch.zeros(3, 4, 4), step)
        torch.rand(100), np.random.rand(3), random.random()
        seen.append((step, module[0].weight.clone()))

    seen, module = [], net(0.3)
    path = train(
        module, squares, CFG, tmp_path / "seen", callbacks=[look], validate=lambda m: {"loss": 1.5}
    )
    train(net(0.3), squares, CFG, tmp_path / "unseen")
    assert losses_of(tmp_path / "seen") == losses_of(tmp_path / "unseen")
    assert [step for step, _ in seen] == [10, 20] and module.training
    assert torch.equal(seen[-1][1], load_checkpoint(path)["ema"]["0.weight"])
    assert [row["loss"] for row in rows_of(tmp_path / "seen" / "validation.csv")] == ["1.5", "1.5"]


def test_time_limit_ends_a_session_with_a_checkpoint(tmp_path):
    path = train(net(), squares, CFG, tmp_path, max_s=0.0)
    assert load_checkpoint(path)["step"] == 1


def test_loss_without_the_key_loss_and_settings_below_one_are_refused(tmp_path):
    with pytest.raises(TrainingError, match='"loss" among them'):
        train(net(), lambda module, batch: {"error": module(batch["x"]).sum()}, CFG, tmp_path)
    with pytest.raises(ValueError, match="save_every must be at least 1, found 0"):
        train(net(), squares, replace(CFG, save_every=0), tmp_path)


def test_adversarial_training_resumes_to_the_bit_with_its_discriminators(tmp_path):
    cfg = replace(CFG, steps=6, learning_rate=1e-3)
    whole, loss_fn = adversarial(cfg, tmp_path / "whole", 0)
    adversarial(cfg, tmp_path / "halves", 0, stop_step=3)
    halves, resumed = adversarial(cfg, tmp_path / "halves", 1, resume=True)
    assert same(load_checkpoint(whole), load_checkpoint(halves))
    assert same(loss_fn.state_dict(), resumed.state_dict())
    columns = rows_of(tmp_path / "whole" / "log.csv")[0].keys()
    assert {
        "mel",
        "convergence",
        "log_magnitude",
        "adversarial",
        "feature",
        "discriminator",
    } <= columns
