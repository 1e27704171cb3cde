"""Facts about training in several processes, launched as on two machines with separate disks."""

import os
import socket
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_runs import CFG, Lines, losses_of, net, same, squares, train

from kcarol.training.checkpoint import load_checkpoint, load_model_state
from kcarol.training.loop import TrainingError

ACCUMULATED = replace(CFG, accumulation=2)
SCRIPT = """
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from training_runs import CFG, Noted, Unused, adversarial, net, squares, train

from kcarol.training.loop import TrainingError

disk = Path(sys.argv[1])
rank = int(os.environ["RANK"])
train(net(), squares, replace(CFG, accumulation=2), disk / "two", n_workers=1)
train(net(), squares, CFG, disk / "grown", resume=True, loader=Noted(disk / "drawn.txt"))
train(net(), squares, CFG, disk / "shrunk", stop_step=10)
train(Unused(rank), squares, CFG, disk / "unused")
_, loss_fn = adversarial(replace(CFG, steps=2), disk / "adversarial", rank)
torch.save(loss_fn.state_dict(), disk / "discriminators.pt")


def full(module, batch):
    raise torch.OutOfMemoryError("CUDA out of memory")


try:
    train(net(), full, CFG, disk / "full")
except TrainingError as error:
    (disk / "full.txt").write_text(str(error))
"""


def launch(script, folder):
    """A script on two machines with one process each, both of them this one, with two folders as
    their disks.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tests = Path(__file__).resolve().parents[1]
    path = os.pathsep.join([str(tests.parent), str(tests)])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    options = f"--nnodes 2 --nproc-per-node 1 --master-addr 127.0.0.1 --master-port {port}"
    start = [sys.executable, "-m", "torch.distributed.run", *options.split()]
    runs = []
    for number in range(2):
        disk = folder / f"disk{number}"
        disk.mkdir(exist_ok=True)
        command = [*start, "--node-rank", str(number), str(script), str(disk)]
        runs.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment))
    said = [run.communicate(timeout=200)[1] for run in runs]
    assert not any(run.returncode for run in runs), "\n".join(text[-2_000:] for text in said)


@pytest.fixture(scope="module")
def disks(tmp_path_factory):
    """What two processes leave, the first of them after a beginning that one process made."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "two.py").write_text(SCRIPT)
    train(net(), squares, CFG, folder / "disk0" / "grown", stop_step=10)
    launch(folder / "two.py", folder)
    return [folder / f"disk{number}" for number in (0, 1)]


def test_two_processes_find_the_loss_curve_and_the_weights_of_one(disks, tmp_path):
    module = net()
    train(module, squares, ACCUMULATED, tmp_path)
    np.testing.assert_allclose(losses_of(disks[0] / "two"), losses_of(tmp_path), atol=1e-4)
    found = net(seed=3)
    load_model_state(disks[0] / "two" / "checkpoint.pt", found, ema=False)
    torch.testing.assert_close(found[0].weight, module[0].weight, atol=1e-4, rtol=0)


def test_the_first_machine_alone_writes(disks):
    assert sorted(path.name for path in disks[1].iterdir()) == [
        "discriminators.pt",
        "drawn.txt",
        "full.txt",
    ]


@pytest.mark.parametrize("name", ["grown", "shrunk"])
def test_a_run_goes_on_with_another_number_of_machines_and_finds_the_same_weights(
    name, disks, tmp_path
):
    """To 1e-4, not to the bit: what is summed over processes is summed in another order, and Adam
    scales small errors up.
    """
    whole = net()
    train(whole, squares, CFG, tmp_path)
    if name == "shrunk":
        train(net(seed=4), squares, CFG, disks[0] / "shrunk", resume=True)
    state = load_checkpoint(disks[0] / name / "checkpoint.pt")
    assert state["step"] == CFG.steps
    for key, value in whole.state_dict().items():
        torch.testing.assert_close(state["model"][key], value, atol=1e-4, rtol=0)


def test_processes_share_the_batches_that_one_would_draw(disks):
    drawn = [(disk / "drawn.txt").read_text().splitlines() for disk in disks]
    wanted = [
        f"{step} {row[0]!r}"
        for step in range(10, CFG.steps)
        for row in Lines().batch(step)["x"].tolist()
    ]
    assert sorted(drawn[0] + drawn[1]) == sorted(wanted) and len(drawn[0]) == len(drawn[1])


def test_parameters_that_no_process_uses_stay_and_those_that_one_uses_learn(disks):
    weights = load_checkpoint(disks[0] / "unused" / "checkpoint.pt")["model"]
    assert torch.equal(weights["neither"], torch.ones(1))
    assert not torch.equal(weights["second"], torch.ones(1))


def test_processes_share_the_discriminators_that_a_loss_trains(disks):
    assert same(*(torch.load(disk / "discriminators.pt", weights_only=True) for disk in disks))


def test_out_of_memory_in_one_of_several_processes_is_one_line_with_the_way_out(disks):
    for rank, disk in enumerate(disks):
        said = (disk / "full.txt").read_text()
        assert f"out of memory at step 0 in process {rank}" in said and "\n" not in said
        assert "smaller batch_size and a larger accumulation" in said


def test_a_batch_that_does_not_divide_among_the_processes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "kcarol.training.loop.Processes", lambda device: types.SimpleNamespace(count=3)
    )
    with pytest.raises(TrainingError, match="multiple of the 3 processes, found 4.*--batch-size"):
        train(net(), squares, CFG, tmp_path)
