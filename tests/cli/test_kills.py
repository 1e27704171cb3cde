"""Kills at any moment: files stay whole, no helper lives on, and a second run ends the work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
import torch

from kcarol.audio.encoding import save_audio
from kcarol.config import AudioConfig
from kcarol.corpus.dataset.pairs import missing
from kcarol.training.checkpoint import load_checkpoint

TESTS = Path(__file__).resolve().parents[1]
RATE = AudioConfig().sample_rate
KILLS = 20
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def killed(job: str, most_s: float, kills: dict[Path, int]) -> dict[Path, int]:
    """Does a job in folders, killed so many times but left to end at last; returns the kills that
    hit it.
    """
    folders = [f"{folder}={number}" for folder, number in kills.items()]
    done = subprocess.run(
        [sys.executable, TESTS / "killed_jobs.py", job, str(most_s), *folders],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(TESTS.parent)},
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    hits = {}
    for folder, number in kills.items():
        # libraries print, too
        lines = re.findall(rf"^ended {re.escape(str(folder))} (-?\d+)$", done.stdout, re.M)
        assert len(lines) == number + 1 and lines[-1] == "0", (lines, done.stderr[-2_000:])
        hits[folder] = sum(int(line) == signal.SIGKILL for line in lines)
    return hits


def songs_for(folder: Path, n: int = 6) -> Path:
    for number in range(n):
        path = folder / f"raw/{'kpop' if number % 3 else 'carol'}/{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        rate = round(RATE * (1 + number / 10))
        save_audio(path, hostile.music(2.0 + number / 4, rate, 1)[:, 0], RATE)
    return folder


def contents(folder: Path) -> dict[str, object]:
    """What the files hold, without what kills leave, hidden temporary ones, and without logs of the
    time.
    """
    suffixes = (".pt", ".wav", ".safetensors")
    files = {
        str(path.relative_to(folder)): path
        for path in folder.rglob("[!.]*")
        if path.suffix in suffixes
    }
    # the order in which pickle first meets a string differs after a resume: checkpoints are
    # compared number by number
    return {
        name: load_checkpoint(path) if name == "checkpoint.pt" else path.read_bytes()
        for name, path in files.items()
    }


def same(a: object, b: object) -> bool:
    """Nested equality to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_kill_while_files_are_written_leaves_the_old_or_the_new_ones_whole(tmp_path):
    assert killed("write", 0.3, {tmp_path: 10}) == {tmp_path: 10}
    whole = ["checkpoint.flac", "checkpoint.pairs.safetensors", "checkpoint.wav", "state.pth"]
    assert names(tmp_path / "out")[-4:] == whole


@pytest.mark.slow
@pytest.mark.parametrize("job, most_s", [("preprocess", 0.1), ("convert", 0.4), ("train", 0.3)])
def test_going_on_ends_with_the_bytes_of_an_undisturbed_run(job, most_s, weights, tmp_path):
    disturbed, calm = (songs_for(tmp_path / name) for name in ("disturbed", "calm"))
    for folder in (disturbed, calm):
        (folder / "weights").symlink_to(weights)
    hits = killed(job, most_s, {disturbed: KILLS, calm: 0})
    assert hits[disturbed] >= KILLS // 4
    expected = contents(calm / "out")
    assert len(expected) >= 1 and same(contents(disturbed / "out"), expected)


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.timeout(900)  # a minute of processors; more where there is other work
def test_shards_are_whole_no_worker_lives_on_and_going_on_ends_with_the_same_bytes(tmp_path):
    if lacking := missing():
        pytest.skip(lacking)
    forked, spawned, calm = (tmp_path / name for name in ("forked", "spawned", "calm"))
    hits = killed("corpus", 3.0, {forked: KILLS // 2, calm: 0})
    hits |= killed("corpus_spawned", 6.0, {spawned: KILLS // 4})
    expected = contents(calm / "out")
    assert len(expected) == 2
    assert same(contents(forked / "out"), expected) and same(contents(spawned / "out"), expected)
    assert hits[forked] >= KILLS // 4 and hits[spawned] >= 1


@pytest.mark.slow
def test_two_preprocess_runs_at_once_on_one_folder_both_end_well(tmp_path):
    both, one = songs_for(tmp_path / "both"), songs_for(tmp_path / "one")
    killed("two_preprocess", 0, {both: 0})
    killed("preprocess", 0, {one: 0})
    found = contents(both / "out")
    assert len(found) == 6 and not list((both / "out").rglob(".*"))
    assert same(found, contents(one / "out"))
