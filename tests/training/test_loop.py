"""Facts about the training loop: resuming, memory, precision, several processes, what it leaves
behind.
"""

import csv
import json
import os
import random
import signal
import socket
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from kcarol.config import AudioConfig, TrainConfig, VocoderConfig
from kcarol.model.device import autocast_dtype
from kcarol.model.weights_file import WeightsError
from kcarol.training.checkpoint import (
    load_checkpoint,
    load_model_state,
    random_state,
    set_random_state,
)
from kcarol.training.loop import TrainingError, fit, learning_rate
from kcarol.training.memory import is_out_of_memory, micro_batches

CPU = torch.device("cpu")
CFG = TrainConfig(
    steps=20,
    batch_size=4,
    learning_rate=1e-2,
    warmup_steps=3,
    precision="fp32",
    log_every=1,
    picture_every=10,
    save_every=10,
)


class Lines:
    """Batches of a linear law with noise, by number alone."""

    batch_seconds = 2.0

    def __init__(self, seed=0, rows=4):
        self.seed, self.rows = seed, rows

    def batch(self, step, rank=0, world=1):
        rng = np.random.default_rng([self.seed, step])
        x = torch.from_numpy(rng.normal(size=(self.rows, 6)).astype(np.float32))
        y = x.sum(1, keepdim=True) + 0.1 * torch.from_numpy(
            rng.normal(size=(self.rows, 1)).astype(np.float32)
        )
        part = slice(rank * self.rows // world, (rank + 1) * self.rows // world)
        return {"x": x[part], "y": y[part], "name": "line"}


def squares(module, batch):
    error = (module(batch["x"]) - batch["y"]).float()
    return {"loss": error.square().mean(), "absolute": error.abs().mean()}


def net(dropout=0.0, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 1))


def train(module, loss_fn, cfg, out, **options):
    return fit(
        module,
        loss_fn,
        options.pop("loader", Lines()),
        cfg,
        out,
        device="cpu",
        **{"quiet": True, **options},
    )


def rows_of(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def losses_of(out):
    return [float(row["loss"]) for row in rows_of(out / "log.csv")]


def same(a, b):
    """Nested equality to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def interrupt_at(loss_fn, call, error=KeyboardInterrupt):
    """The loss, raising at its call number `call`, from 0."""
    calls = []

    def wrapped(module, batch):
        calls.append(1)
        if len(calls) == call + 1:
            raise error
        return loss_fn(module, batch)

    return wrapped


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
    validate = lambda module: {"noise": torch.rand(()).item()}  # noqa: E731  draws from the global generator
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


def test_precision_names_become_dtypes():
    assert autocast_dtype("bf16", CPU) == torch.bfloat16
    assert autocast_dtype("fp32", CPU) is None
    assert autocast_dtype("auto", torch.device("mps")) is None
    with pytest.raises(ValueError, match="auto, fp32, bf16 or fp16, found 'fp8'"):
        autocast_dtype("fp8", CPU)


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


def test_micro_batches_cover_every_row_once():
    batch = {"x": torch.arange(7), "pair": (torch.arange(7) * 2, "text")}
    pieces = list(micro_batches(batch, 4))
    assert sum(share for share, _ in pieces) == pytest.approx(1)
    assert torch.equal(torch.cat([piece["x"] for _, piece in pieces]), batch["x"])
    assert torch.equal(torch.cat([piece["pair"][0] for _, piece in pieces]), batch["pair"][0])
    assert len(list(micro_batches(batch, 100))) == 7


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


def test_log_holds_every_term_rate_and_speed_for_csv_and_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(net(), squares, CFG, tmp_path)
    rows = rows_of(tmp_path / "log.csv")
    assert [int(row["step"]) for row in rows] == list(range(1, 21))
    assert rows[0].keys() == {
        "step",
        "loss",
        "absolute",
        "gradient",
        "learning_rate",
        "audio_s_per_s",
    }
    assert float(rows[4]["audio_s_per_s"]) > 0
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [e.value for e in events.Scalars("train/loss")] == pytest.approx(
        [float(r["loss"]) for r in rows]
    )


def test_rows_logged_after_the_checkpoint_are_dropped_when_resuming(tmp_path):
    with pytest.raises(RuntimeError, match="power cut"):
        train(net(), interrupt_at(squares, 15, RuntimeError("power cut")), CFG, tmp_path)
    assert len(rows_of(tmp_path / "log.csv")) == 15
    train(net(), squares, CFG, tmp_path, resume=True)
    assert [int(row["step"]) for row in rows_of(tmp_path / "log.csv")] == list(range(1, 21))


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


def test_time_limit_ends_a_session_with_a_checkpoint(tmp_path):
    path = train(net(), squares, CFG, tmp_path, max_s=0.0)
    assert load_checkpoint(path)["step"] == 1


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


def test_loss_without_the_key_loss_and_settings_below_one_are_refused(tmp_path):
    with pytest.raises(TrainingError, match='"loss" among them'):
        train(net(), lambda module, batch: {"error": module(batch["x"]).sum()}, CFG, tmp_path)
    with pytest.raises(ValueError, match="save_every must be at least 1, found 0"):
        train(net(), squares, replace(CFG, save_every=0), tmp_path)


class Waves:
    def __init__(self, n_samples=256 * 15):
        self.n_samples = n_samples

    def batch(self, step, rank=0, world=1):
        rng = np.random.default_rng([step, rank])
        return {
            "wave": torch.from_numpy(0.1 * rng.normal(size=(2, self.n_samples)).astype(np.float32))
        }


def adversarial(cfg, out, seed, **options):
    from kcarol.training.losses import AdversarialLoss, SpectralLoss
    from kcarol.vocoder.discriminators import Discriminators
    from kcarol.vocoder.neural import NeuralVocoder

    torch.manual_seed(seed)
    vocoder = NeuralVocoder(VocoderConfig.smoke())
    loss_fn = AdversarialLoss(
        SpectralLoss(AudioConfig()), Discriminators(4, periods=(2, 3), resolutions=(512,))
    )
    return train(vocoder, loss_fn, cfg, out, loader=Waves(), **options), loss_fn


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


def test_discriminators_learn_to_tell_noise_from_tones():
    from kcarol.vocoder.discriminators import Discriminators, discriminator_loss, generator_loss

    torch.manual_seed(0)
    views = Discriminators(4, periods=(2,), resolutions=(512,))
    adam = torch.optim.Adam(views.parameters(), 2e-3)
    tone = torch.sin(torch.arange(4096) * 0.2).repeat(2, 1)
    for _ in range(30):
        noise = torch.randn(2, 4096)
        loss = discriminator_loss(views(tone), views(noise))
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss < 0.5 and generator_loss(views(noise)) > 1 > generator_loss(views(tone))


def test_two_processes_find_the_loss_curve_of_one_and_share_their_discriminators(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(f"""
import os
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).resolve().parent)!r})
import torch
from test_loop import CFG, Unused, adversarial, net, squares, train
out, rank = Path({str(tmp_path)!r}), int(os.environ["RANK"])
train(net(), squares, replace(CFG, accumulation=2), out / "two", n_workers=1)

train(Unused(rank), lambda module, batch: squares(module, batch), CFG, out / "unused")
_, loss_fn = adversarial(replace(CFG, steps=2), out / "adversarial", rank)
torch.save(loss_fn.state_dict(), out / f"{{rank}}.pt")
""")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        str(script),
    ]
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        command,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    module = net()
    train(module, squares, replace(CFG, accumulation=2), tmp_path / "one")
    np.testing.assert_allclose(losses_of(tmp_path / "two"), losses_of(tmp_path / "one"), atol=1e-4)
    resumed = net(seed=3)
    load_model_state(tmp_path / "two" / "checkpoint.pt", resumed, ema=False)
    torch.testing.assert_close(resumed[0].weight, module[0].weight, atol=1e-4, rtol=0)
    assert same(*(torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)))
    weights = load_checkpoint(tmp_path / "unused" / "checkpoint.pt")["model"]
    assert torch.equal(weights["neither"], torch.ones(1)) and not torch.equal(
        weights["second"], torch.ones(1)
    )


class Unused(nn.Module):
    """With a parameter that only the second process uses, and one that neither does."""

    def __init__(self, rank):
        super().__init__()
        self.rank, self.line = rank, nn.Linear(6, 1)
        self.second, self.neither = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.line(x) * (self.second if self.rank else 1)


class Noted(Lines):
    """Lines that write down which rows each process was given."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def batch(self, step, rank=0, world=1):
        part = super().batch(step, rank, world)
        with self.path.open("a") as file:
            file.writelines(f"{step} {row[0]!r}\n" for row in part["x"].tolist())
        return part


def nodes(script, n, folder):
    """A script on `n` machines with one process each, all of them this one; each has a folder of
    its own as its disk.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([root, str(Path(__file__).resolve().parent)]),
    }
    runs = []
    for number in range(n):
        (disk := folder / f"disk{number}").mkdir(exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--nnodes",
            n,
            "--node-rank",
            number,
            "--nproc-per-node",
            1,
            "--master-addr",
            "127.0.0.1",
            "--master-port",
            port,
            script,
            disk,
        ]
        runs.append(
            subprocess.Popen(
                list(map(str, command)), stderr=subprocess.PIPE, text=True, env=environment
            )
        )
    said = [run.communicate(timeout=200)[1] for run in runs]
    assert not any(run.returncode for run in runs), "\n".join(text[-2_000:] for text in said)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_machines_and_finds_the_same_weights(tmp_path):
    """To 1e-4, not to the bit: what is summed over processes is summed in another order, and Adam
    scales small errors up.
    """
    (tmp_path / "nodes.py").write_text("""
import sys
from pathlib import Path
from test_loop import CFG, Noted, net, squares, train
disk = Path(sys.argv[1])
train(net(), squares, CFG, disk / "grown", resume=True, loader=Noted(disk / "drawn.txt"))
train(net(), squares, CFG, disk / "shrunk", stop_step=10)
""")
    whole = net()
    train(whole, squares, CFG, tmp_path / "whole")
    train(net(), squares, CFG, tmp_path / "disk0" / "grown", stop_step=10)
    nodes(tmp_path / "nodes.py", 2, tmp_path)
    train(net(seed=4), squares, CFG, tmp_path / "disk0" / "shrunk", resume=True)
    for name in ("grown", "shrunk"):
        state = load_checkpoint(tmp_path / "disk0" / name / "checkpoint.pt")
        assert state["step"] == CFG.steps
        for key, value in whole.state_dict().items():
            torch.testing.assert_close(state["model"][key], value, atol=1e-4, rtol=0)
    assert not (tmp_path / "disk1" / "grown").exists()  # the first machine alone writes
    drawn = [
        (tmp_path / f"disk{number}" / "drawn.txt").read_text().splitlines() for number in (0, 1)
    ]
    wanted = [
        f"{step} {row[0]!r}"
        for step in range(10, CFG.steps)
        for row in Lines().batch(step)["x"].tolist()
    ]
    assert sorted(drawn[0] + drawn[1]) == sorted(wanted) and len(drawn[0]) == len(drawn[1])


def test_a_batch_that_does_not_divide_among_the_processes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "kcarol.training.loop.Processes", lambda device: types.SimpleNamespace(count=3)
    )
    with pytest.raises(TrainingError, match="multiple of the 3 processes, found 4.*--batch-size"):
        train(net(), squares, CFG, tmp_path)


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
