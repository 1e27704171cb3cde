"""Facts about training on a GPU, and about the command that tries everything there."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from training_runs import CFG, Lines, losses_of, net, squares

from kcarol.training.loop import fit


@pytest.mark.slow
def test_the_one_command_for_a_gpu_runs_on_the_cpu_and_says_what_it_skips(tmp_path):
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        str(root / "tests/benchmarks/on_gpu.py"),
        "--device",
        "cpu",
        "--quick",
        "--only",
        "precision",
        "convert",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(
        command,
        cwd=root,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    found = json.loads((tmp_path / "on_gpu.json").read_text())["rows"]
    assert {row["ok"] for row in found} == {"yes", "skipped"}
    assert (
        sum(row["ok"] == "skipped" and "no GPU was asked for" in row["found"] for row in found) == 2
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_training_on_cuda_learns_in_every_precision(tmp_path, precision):
    cfg = replace(CFG, steps=150, precision=precision, log_every=10)
    fit(net(), squares, Lines(), cfg, tmp_path, device="cuda", quiet=True)
    losses = losses_of(tmp_path)
    assert losses[-1] < 0.2 * losses[0]
