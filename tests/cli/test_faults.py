"""Kills, full disks, read-only folders, Ctrl-C, no network, no home: what was there stays, and one
line says why.
"""

import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import hostile
import numpy as np
import pytest
import soundfile
import torch
import worker_tasks

from kcarol.audio.clips import load_clip
from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import save_state, write_text
from kcarol.cli import main as cli
from kcarol.config import AudioConfig, Config
from kcarol.corpus.dataset import rendering
from kcarol.corpus.dataset.pairs import missing
from kcarol.dataset.shards import Shard, load_shard, save_shard
from kcarol.model.weights_file import save_module
from kcarol.training.checkpoint import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("one_thread")
RATE = AudioConfig().sample_rate
KILLS = 20
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"
)


def song(path: Path, seconds: float = 1.0, hz_factor: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_audio(path, hostile.music(seconds, round(RATE * hz_factor), 1)[:, 0], RATE)


def convert(weights: Path, *argv: object) -> list[str]:
    return ["convert", "--weights", str(weights), "--device", "cpu", *map(str, argv)]


def python(script: str, *argv: object) -> subprocess.CompletedProcess:
    """A script in a process of its own, which can import this module."""
    path = os.pathsep.join(map(str, [ROOT, ROOT / "tests", Path(__file__).parent]))
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, argv)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path},
    )


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---- full disks


@contextmanager
def file_limit(n_bytes: int):
    """No file may grow beyond this, as on a full disk: writing fails with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def writers(seconds: float = 60.0) -> dict:
    """Everything of the project that writes a file, called by a path; each writes at least 100 kB."""
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


@pytest.mark.parametrize("kind", writers(0.1))
def test_a_full_disk_is_said_and_the_file_that_was_there_stays(kind, tmp_path):
    path, write = tmp_path / f"a.{kind}", writers()[kind]
    path.write_bytes(b"old")
    with file_limit(50_000), pytest.raises(OSError, match="File too large") as caught:
        write(path)
    assert (
        caught.value.filename == str(path)
        and names(tmp_path) == [path.name]
        and path.read_bytes() == b"old"
    )
    write(path)
    assert path.stat().st_size > 50_000 and names(tmp_path) == [path.name]


@needs_root
def test_a_disk_that_fills_up_within_the_last_bytes_is_noticed(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("may not mount")
    try:
        # FLAC: a little more than there is room for, all of it in the last write
        for kind, write in writers(2.4).items():
            if kind in ("wav", "flac", "pt", "safetensors", "pairs.safetensors", "txt"):
                with pytest.raises(OSError) as caught:
                    write(disk / f"a.{kind}")
                assert caught.value.errno == errno.ENOSPC and not names(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_convert_on_a_full_disk_is_one_line_and_exit_status_2(weights, tmp_path, capsys):
    source, out = song(tmp_path / "song.wav", 5.0), tmp_path / "out"
    with file_limit(50_000):
        assert cli.main(convert(weights, source, "-o", out)) == cli.FAILED
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "song.carol.wav" in said[0] and "File too large" in said[0]
    assert not names(out) and len(load_audio(source)) == 5 * RATE


def test_preprocess_on_a_full_disk_says_it_for_each_file_and_keeps_the_rest(tmp_path, capsys):
    for name in ("kpop/long", "carol/short"):
        song(tmp_path / f"raw/{name}.wav", 5.0 if "long" in name else 0.5)
    argv = [
        "preprocess",
        "--kpop",
        tmp_path / "raw/kpop",
        "--carol",
        tmp_path / "raw/carol",
        "--processed",
        tmp_path / "out",
    ]
    with file_limit(100_000):
        assert cli.main([*map(str, argv), "--jobs", "1"]) == cli.FAILED
    assert "File too large" in capsys.readouterr().out
    assert names(tmp_path / "out") == ["carol/short.pt"]


# ---- where nothing may be written


@pytest.mark.parametrize("out", ["/proc/carols", "/dev/null/carols", "/sys/carol.wav"])
def test_a_place_that_takes_no_files_is_one_line(out, weights, tmp_path, capsys):
    if not Path("/proc").is_dir():
        pytest.skip("needs Linux")
    assert cli.main(convert(weights, song(tmp_path / "song.wav"), "-o", out)) == cli.FAILED
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and out.split("/")[1] in said[0]


@needs_root
@needs_fork
def test_a_folder_without_permission_is_said_before_the_work(weights, tmp_path):
    if not all(folder.stat().st_mode & 0o001 for folder in Path(cli.__file__).resolve().parents):
        pytest.skip("needs a checkout that other users may enter")
    source, out = song(tmp_path / "song.wav"), tmp_path / "out"
    out.mkdir(mode=0o555)
    for place in [*[tmp_path, *tmp_path.parents][:3], *[weights, *weights.parents][:2]]:
        place.chmod(0o755)
    script = (
        "import os, sys; from kcarol.cli import main as cli; from kcarol.conversion import api; os.setuid(65534)\n"
        "api.convert = lambda *a, **k: print('WORKED')\nsys.exit(cli.main(sys.argv[1:]))"
    )
    done = python(script, *convert(weights, source, "-o", out))
    assert (
        done.returncode == cli.FAILED
        and "may not be written" in done.stderr
        and "WORKED" not in done.stdout
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_song_is_never_written_over_whatever_it_is_called(weights, tmp_path, capsys, monkeypatch):
    source = song(tmp_path / "song.wav")
    before = source.read_bytes()
    (tmp_path / "link.wav").symlink_to("song.wav")
    monkeypatch.chdir(tmp_path)
    for out in (
        source,
        "song.wav",
        "./song.wav",
        tmp_path / "link.wav",
        tmp_path / ".." / tmp_path.name / "song.wav",
    ):
        assert cli.main(convert(weights, source, "-o", out, "--force")) == cli.FAILED
        assert "the song itself" in capsys.readouterr().err
    assert source.read_bytes() == before and names(tmp_path) == ["link.wav", "song.wav"]


# ---- interrupts


@pytest.mark.parametrize(
    "number, status, word",
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_an_interrupt_while_a_carol_is_written_leaves_nothing_half(
    number, status, word, weights, tmp_path, capsys, monkeypatch
):
    songs = [song(tmp_path / f"in/{name}.wav") for name in "ab"]
    write, out = soundfile.SoundFile.write, tmp_path / "out"

    def interrupted(file, data):
        write(file, data)
        if (out / "a.carol.wav").exists():
            os.kill(os.getpid(), number)

    monkeypatch.setattr(soundfile.SoundFile, "write", interrupted)
    # processes in the background begin with it ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert cli.main(convert(weights, *songs, "-o", out)) == status
    finally:
        signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"kcarol: {word}" and names(out) == ["a.carol.wav"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


# ---- kills. One process imports everything, and forks children that work and are killed: an import
# takes seconds

SERVER = """
import os, random, signal, sys, time
import psutil, torch
torch.set_num_threads(1)
import test_faults
job, folder, kills, most_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
rng = random.Random(0)
for number in range(kills + 1):
    child = os.fork()
    if child == 0:
        sys.stdout = open(os.devnull, "w")
        os._exit(getattr(test_faults, job)(folder) or 0)
    if number < kills:
        time.sleep(rng.uniform(0, most_s))
        helpers = psutil.Process(child).children(recursive=True)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    test_faults.wait_until_gone(helpers if number < kills else [])
    print("ended", os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status), flush=True)
    test_faults.check_names(folder)
"""


def killed(job: str, folder: Path, kills: int, most_s: float) -> int:
    """Runs a job of this module again and again, killed each time but the last; returns how many
    kills hit it.
    """
    done = python(SERVER, job, folder, kills, most_s)
    assert done.returncode == 0, done.stderr[-2_000:]
    # libraries print, too
    results = [int(number) for number in re.findall(r"^ended (-?\d+)$", done.stdout, re.M)]
    assert len(results) == kills + 1 and results[-1] == 0, (results, done.stderr[-2_000:])
    return sum(result == signal.SIGKILL for result in results)


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
    argv = [
        "preprocess",
        "--kpop",
        "raw/kpop",
        "--carol",
        "raw/carol",
        "--processed",
        "out",
        "--jobs",
        "2",
        "--force",
    ]
    return cli.main([f"{folder}/{word}" if "/" in word or word == "out" else word for word in argv])


def convert_job(folder: str) -> int:
    songs = sorted(Path(folder).glob("raw/*/*.wav"))
    return cli.main(
        convert(Path(folder) / "weights", *songs, "-o", Path(folder) / "out", "--force")
    )


def write_job(folder: str) -> int:
    """Every kind of file, over and over: killed before it ends, but for the last time."""
    kinds = writers(2.0)
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        for kind in ("flac", "wav", "pt", "pairs.safetensors"):
            kinds[kind](
                Path(folder) / "out" / (f"checkpoint.{kind}" if kind != "pt" else "state.pth")
            )
    return 0


def corpus_job(folder: str, jobs: int = 1) -> int:
    rendering.make_shard = worker_tasks.short_group
    return cli.main(
        ["corpus", "--held-out", "--hours", "0.04", "--jobs", str(jobs), "--out", f"{folder}/out"]
    )


def corpus_by_two_job(folder: str) -> int:
    return corpus_job(folder, 2)


class Tones:
    """Batches for a tiny model."""

    seed = 0

    def batch(self, step: int, rank: int = 0, world: int = 1) -> torch.Tensor:
        return torch.randn(4, 8, generator=torch.Generator().manual_seed(step))


def train_job(folder: str) -> int:
    from kcarol.config import TrainConfig
    from kcarol.training.loop import fit

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


def songs_for(folder: Path, n: int = 6) -> Path:
    for number in range(n):
        song(
            folder / f"raw/{'kpop' if number % 3 else 'carol'}/{number}.wav",
            2.0 + number / 4,
            1 + number / 10,
        )
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


@needs_fork
def test_a_kill_while_files_are_written_leaves_the_old_or_the_new_ones_whole(tmp_path):
    assert killed("write_job", tmp_path, 10, 0.3) == 10
    assert names(tmp_path / "out")[-4:] == [
        "checkpoint.flac",
        "checkpoint.pairs.safetensors",
        "checkpoint.wav",
        "state.pth",
    ]


@pytest.mark.slow
@needs_fork
@pytest.mark.parametrize(
    "job, most_s", [("preprocess_job", 0.1), ("convert_job", 0.4), ("train_job", 0.3)]
)
def test_kills_leave_whole_files_and_going_on_ends_with_the_bytes_of_an_undisturbed_run(
    job, most_s, weights, tmp_path
):
    for name in ("disturbed", "calm"):
        songs_for(tmp_path / name)
        (tmp_path / name / "weights").symlink_to(weights)
    hits = killed(job, tmp_path / "disturbed", KILLS, most_s)
    assert killed(job, tmp_path / "calm", 0, 0) == 0
    assert hits >= KILLS // 4
    disturbed, calm = contents(tmp_path / "disturbed/out"), contents(tmp_path / "calm/out")
    assert len(calm) >= 1 and same(disturbed, calm)
    print(f"{job}: {hits} of {KILLS} kills hit the work")


@pytest.fixture(scope="module")
def calm_shards(tmp_path_factory):
    if lacking := missing():
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("calm")
    assert killed("corpus_job", folder, 0, 0) == 0
    return contents(folder / "out")


@pytest.mark.slow
@pytest.mark.corpus
@needs_fork
@pytest.mark.timeout(900)  # a minute or two of processors; more where there is other work
@pytest.mark.parametrize("job", ["corpus_job", "corpus_by_two_job"])
def test_kills_leave_whole_shards_no_workers_and_going_on_ends_with_the_bytes_of_an_undisturbed_run(
    job, calm_shards, tmp_path
):
    # a worker takes some 5 s to its first shard, mostly imports and soundfonts
    hits = killed(job, tmp_path, KILLS // 2, 6.0)
    assert len(calm_shards) == 4 and same(contents(tmp_path / "out"), calm_shards)
    assert hits >= KILLS // 4
    print(f"{job}: {hits} of {KILLS // 2} kills hit the work")


@pytest.mark.slow
@needs_fork
def test_two_preprocess_runs_at_once_on_one_folder_both_end_well(tmp_path, weights):
    songs_for(tmp_path)
    script = (
        "import os, sys, torch; torch.set_num_threads(1); import test_faults\n"
        "child = os.fork(); status = test_faults.preprocess_job(sys.argv[1])\n"
        "if child == 0: os._exit(status)\n"
        "sys.exit(status or os.WEXITSTATUS(os.waitpid(child, 0)[1]))"
    )
    done = python(script, tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    both = contents(tmp_path / "out")
    assert len(both) == 6 and not list((tmp_path / "out").rglob(".*"))
    killed("preprocess_job", tmp_path, 0, 0)
    assert contents(tmp_path / "out") == both


# ---- bare surroundings

BARE = """
import sys
def offline(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__",):
        raise RuntimeError(f"the network was used: {event} {arguments}")
sys.addaudithook(offline)
from kcarol.cli.main import main
sys.exit(main())
"""


def bare(*argv: object, **settings) -> subprocess.CompletedProcess:
    """kcarol with neither home nor locale, terminal nor network, where the system lets us take it
    away.
    """
    unshare = shutil.which("unshare")
    offline = (
        [unshare, "-n"]
        if unshare and not subprocess.run([unshare, "-n", "true"], capture_output=True).returncode
        else []
    )
    env = {
        "PATH": "/nowhere",
        "LC_ALL": "POSIX",
        "PYTHONIOENCODING": "ascii",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
    }
    return subprocess.run(
        [*offline, sys.executable, "-c", BARE, *map(str, argv)],
        env=env,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        **settings,
    )


def test_help_needs_neither_network_nor_home_nor_locale_nor_terminal():
    if not installed():
        pytest.skip("kcarol is not installed")
    for argv in (["--help"], ["convert", "--help"]):
        done = bare(*argv)
        assert (done.returncode, done.stderr) == (0, "") and "usage: kcarol" in done.stdout


def installed() -> bool:
    """Whether kcarol is there from any folder, too."""
    return (
        find_spec("kcarol") is not None
        and not subprocess.run([sys.executable, "-c", "import kcarol"], cwd="/").returncode
    )


def test_conversion_needs_neither_network_nor_home_nor_locale_nor_terminal(weights, tmp_path):
    if not installed():
        pytest.skip("kcarol is not installed")
    encoded = hostile.encode(song(tmp_path / "a.wav"), tmp_path / "캐럴.mp3", "-ar", "44100")
    done = bare(*convert(weights, encoded))
    assert (done.returncode, done.stderr) == (0, "")
    # what ASCII lacks is spelled out
    assert done.stdout.strip().endswith("\\uce90\\ub7f4.carol.wav")
    assert soundfile.info(tmp_path / "캐럴.carol.wav").frames > 0.9 * RATE
