"""Full disks, read-only folders, Ctrl-C, no network, no home: what was there stays, and one
line says why.
"""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import hostile
import pytest
import soundfile
from killed_jobs import writers

from kcarol.audio.decoding import load_audio
from kcarol.audio.encoding import save_audio
from kcarol.cli import main as cli
from kcarol.config import AudioConfig

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("one_thread")
RATE = AudioConfig().sample_rate
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
    assert names(tmp_path / "out") == ["carol/short.full.flac", "carol/short.pt"]


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
    for place in (tmp_path, *tmp_path.parents, weights, *weights.parents):
        if not place.stat().st_mode & 0o001:
            place.chmod(0o755)
    script = (
        "import importlib.readers, os, sys; from kcarol.cli import main as cli\n"
        "from kcarol.conversion import api, catalogue; os.setuid(65534)\n"
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
