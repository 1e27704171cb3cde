"""Facts about checkpoints: what they hold, and which are refused."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from training_runs import CFG, losses_of, net, squares, train

from kcarol.model.weights_file import WeightsError
from kcarol.training.checkpoint import (
    load_checkpoint,
    load_model_state,
    random_state,
    set_random_state,
)
from kcarol.training.loop import TrainingError


def test_random_state_survives_a_round_trip_through_a_file(tmp_path):
    torch.save(random_state(), tmp_path / "r.pt")
    first = (random.random(), np.random.rand(), torch.rand(1).item())
    set_random_state(torch.load(tmp_path / "r.pt", weights_only=True))
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == first


def test_fit_leaves_the_callers_random_state_alone(tmp_path):
    before = random_state()
    train(net(0.3), squares, CFG, tmp_path)
    torch.manual_seed(0)  # what net() did
    net(0.3)
    expected = random_state()["torch"]
    set_random_state(before)
    module = net(0.3)
    train(module, squares, CFG, tmp_path)
    assert torch.equal(torch.get_rng_state(), expected)


def test_new_run_in_an_old_folder_keeps_the_old_checkpoint(tmp_path):
    train(net(), squares, CFG, tmp_path)
    train(net(), squares, replace(CFG, steps=5), tmp_path)
    assert load_checkpoint(tmp_path / "checkpoint.previous.pt")["step"] == 20
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 5
    assert len(losses_of(tmp_path)) == 5


def test_checkpoint_of_another_model_or_a_broken_one_is_refused_in_one_line(tmp_path):
    path = train(net(), squares, CFG, tmp_path)
    with pytest.raises(TrainingError, match="does not fit this run") as caught:
        train(nn.Linear(6, 1), squares, CFG, tmp_path, resume=True)
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match="weights of another model"):
        load_model_state(path, nn.Linear(6, 1))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(WeightsError, match="not a checkpoint, or broken"):
        train(net(), squares, CFG, tmp_path, resume=True)
