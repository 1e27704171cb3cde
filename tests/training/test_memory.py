"""Facts about memory: batches in pieces when it runs out, and what a step keeps of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from training_runs import CFG, interrupt_at, losses_of, net, squares, train

from kcarol.training.loop import TrainingError, fit
from kcarol.training.memory import (
    KeptBytes,
    ScarceMemory,
    is_out_of_memory,
    micro_batches,
    step_cost,
)


class Square:
    """Mean square of a layer's output."""

    def __call__(self, module, batch):
        return {"loss": module(batch).float().square().mean()}


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("could not create a primitive"),
    ],
)
def test_out_of_memory_halves_the_batch_and_keeps_the_effective_one(tmp_path, capsys, error):
    def tight(module, batch):
        sizes.append(len(batch["x"]))
        if sizes[-1] > 2:
            raise error
        return squares(module, batch)

    sizes = []
    train(net(), tight, CFG, tmp_path / "tight", quiet=False)
    train(net(), squares, CFG, tmp_path / "whole")
    assert sizes == [4] + [2] * 2 * CFG.steps  # halved once, for good
    np.testing.assert_allclose(
        losses_of(tmp_path / "tight"), losses_of(tmp_path / "whole"), rtol=1e-5
    )
    assert (
        "out of memory at step 0: batch halved to 2 rows, accumulation doubled to 2"
        in capsys.readouterr().out
    )


def test_out_of_memory_with_a_single_row_is_an_error_with_a_way_out(tmp_path):
    def never(module, batch):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    with pytest.raises(TrainingError, match="out of memory at step 0 with a single row.*smaller"):
        train(net(), never, CFG, tmp_path)


def test_other_runtime_errors_are_not_taken_for_lack_of_memory(tmp_path):
    assert not is_out_of_memory(RuntimeError("shape mismatch"))
    assert not is_out_of_memory(
        RuntimeError("could not create a primitive descriptor for a convolution")
    )
    with pytest.raises(RuntimeError, match="shape mismatch"):
        train(net(), interrupt_at(squares, 2, RuntimeError("shape mismatch")), CFG, tmp_path)


def test_micro_batches_cover_every_row_once():
    batch = {"x": torch.arange(7), "pair": (torch.arange(7) * 2, "text")}
    pieces = list(micro_batches(batch, 4))
    assert sum(share for share, _ in pieces) == pytest.approx(1)
    assert torch.equal(torch.cat([piece["x"] for _, piece in pieces]), batch["x"])
    assert torch.equal(torch.cat([piece["pair"][0] for _, piece in pieces]), batch["pair"][0])
    assert len(list(micro_batches(batch, 100))) == 7


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


def test_training_goes_on_where_memory_is_scarce(tmp_path):
    class Ones:
        def batch(self, step, rank=0, world=1):
            return torch.ones(4, 3)

    cfg = replace(CFG, steps=2)
    path = fit(
        nn.Linear(3, 2), ScarceMemory(Square(), 1), Ones(), cfg, tmp_path, device="cpu", quiet=True
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
