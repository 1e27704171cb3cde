"""Work that tests kill: as a script, forks children that work, and kills them at random moments.

    python killed_jobs.py JOB SECONDS FOLDER=KILLS ...

does JOB in each folder, killed so many times within SECONDS and then left to end. One process
imports everything and forks, for an import takes seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import soundfile
import torch
import torch.utils.tensorboard  # noqa: F401
import worker_tasks

import kcarol.conversion.api  # noqa: F401
import kcarol.corpus.dataset.pairs  # noqa: F401
from kcarol.audio.clips import load_clip
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import save_state, write_text
from kcarol.cli import main as cli
from kcarol.config import AudioConfig, Config, TrainConfig
from kcarol.corpus.dataset import rendering
from kcarol.dataset.shards import Shard, load_shard, save_shard
from kcarol.model.weights_file import save_module
from kcarol.training.checkpoint import load_checkpoint
from kcarol.training.loop import fit

RATE = AudioConfig().sample_rate


def main(job: str, most_s: str, *folders: str) -> None:
    torch.set_num_threads(1)
    rng = random.Random(0)
    for folder, kills in (word.rsplit("=", 1) for word in folders):
        for number in range(int(kills) + 1):
            delay_s = rng.uniform(0, float(most_s)) if number < int(kills) else None
            print("ended", folder, work_once(JOBS[job], folder, delay_s), flush=True)
            check_names(folder)


def work_once(job, folder: str, delay_s: float | None) -> int:
    """Run a job in a child, killed after a delay; returns its signal, or less its exit status."""
    child = os.fork()
    if child == 0:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
        os._exit(job(folder) or 0)
    helpers = []
    if delay_s is not None:
        time.sleep(delay_s)
        helpers = psutil.Process(child).children(recursive=True)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    wait_until_gone(helpers)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def writers(seconds: float = 60.0) -> dict:
    """All that the project writes, called by a path; each file has at least 100 kB."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    kinds = {
        kind: lambda path: save_audio(path, noise, RATE) for kind in ("wav", "flac", "ogg", "mp3")
    }
    group = Shard(*2 * [np.int16(30_000 * noise)[None]], np.zeros((1, 9, 8), np.int16))
    return kinds | {
        "pt": lambda path: save_state(path, {"wave": torch.from_numpy(noise)}),
        "safetensors": lambda path: save_module(path, torch.nn.Linear(300, 300), Config().model),
        "pairs.safetensors": lambda path: save_shard(path, group),
        "txt": lambda path: write_text(path, "x" * 200_000),
    }


def wait_until_gone(processes: list, most_s: float = 30.0) -> None:
    """What a killed process had started ends soon, too; until then it may be importing, which takes
    seconds.
    """
    end = time.monotonic() + most_s
    while alive := [
        process for process in processes if process.is_running() and process.status() != "zombie"
    ]:
        assert time.monotonic() < end, f"these outlived the process that started them: {alive}"
        time.sleep(0.05)


def check_names(folder: str) -> None:
    """Whatever lies under a final name is whole."""
    for path in Path(folder).rglob("[!.]*"):
        if path.suffix == ".pt":
            load_checkpoint(path) if path.name.startswith("checkpoint") else load_clip(path)
        elif path.suffix == ".pth":
            assert len(torch.load(path, weights_only=True)["wave"]) == 2 * RATE
        elif path.suffix == ".safetensors":
            group = load_shard(path)
            assert group.pop.shape == group.carol.shape and len(group.labels) == len(group.pop) > 0
        elif path.suffix in (".wav", ".flac"):
            assert soundfile.info(path).frames == len(soundfile.read(path)[0]) > 0


def preprocess_job(folder: str) -> int:
    raw = f"--kpop {folder}/raw/kpop --carol {folder}/raw/carol --processed {folder}/out"
    return cli.main(["preprocess", *raw.split(), "--jobs", "2", "--force"])


def two_preprocess_job(folder: str) -> int:
    """Two at once in one folder."""
    child = os.fork()
    status = preprocess_job(folder)
    if child == 0:
        os._exit(status)
    return status or os.WEXITSTATUS(os.waitpid(child, 0)[1])


def convert_job(folder: str) -> int:
    songs = sorted(Path(folder).glob("raw/*/*.wav"))
    options = ["--weights", f"{folder}/weights", "--device", "cpu", "--force"]
    return cli.main(["convert", *map(str, songs), "-o", f"{folder}/out", *options])


def write_job(folder: str) -> int:
    """Every kind of file, over and over: killed before it ends, but for the last time."""
    kinds, names = writers(2.0), {"pt": "state.pth"}
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        for kind in ("flac", "wav", "pt", "pairs.safetensors"):
            kinds[kind](Path(folder) / "out" / names.get(kind, f"checkpoint.{kind}"))
    return 0


def corpus_job(folder: str) -> int:
    """Pairs of a second. Workers are forked, so that kills hit their work and not their imports."""
    rendering.SONG_S = 1.0
    rendering.multiprocessing = SimpleNamespace(
        get_context=lambda _: get_context("fork"), parent_process=parent_process
    )
    return render(folder, 2)


def corpus_spawned_job(folder: str) -> int:
    """With workers that begin as they do in use."""
    rendering.make_shard = worker_tasks.short_group
    return render(folder, 1)


def render(folder: str, jobs: int) -> int:
    size = ["--held-out", "--hours", "0.02", "--jobs", str(jobs)]
    return cli.main(["corpus", *size, "--out", f"{folder}/out"])


class Tones:
    """Batches for a tiny model."""

    seed = 0

    def batch(self, step: int, rank: int = 0, world: int = 1) -> torch.Tensor:
        return torch.randn(4, 8, generator=torch.Generator().manual_seed(step))


def train_job(folder: str) -> int:
    cfg = TrainConfig(
        steps=400,
        batch_size=4,
        log_every=40,
        save_every=5,
        picture_every=400,
        precision="fp32",
        warmup_steps=2,
    )
    torch.manual_seed(0)
    fit(
        torch.nn.Sequential(
            torch.nn.Linear(8, 256), torch.nn.Dropout(0.1), torch.nn.Linear(256, 8)
        ),
        lambda module, batch: {"loss": ((module(batch) - batch) ** 2).mean()},
        Tones(),
        cfg,
        Path(folder) / "out",
        resume=True,
        device="cpu",
        quiet=True,
    )
    return 0


JOBS = {
    "preprocess": preprocess_job,
    "two_preprocess": two_preprocess_job,
    "convert": convert_job,
    "write": write_job,
    "corpus": corpus_job,
    "corpus_spawned": corpus_spawned_job,
    "train": train_job,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
