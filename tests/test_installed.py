"""What pip installs of kcarol works in an empty folder, without repository and network."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from kcarol.audio.decoding import load_audio

ROOT = Path(__file__).resolve().parents[1]
PACKED = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff")
MOST_BYTES = 40 << 20  # of wheel and of source archive
NO_NETWORK = """
import socket

def refuse(*arguments, **options):
    raise AssertionError("kcarol speaks to the network")

socket.getaddrinfo = socket.socket.connect = refuse
"""

pytestmark = pytest.mark.slow


def build(what, folder, out):
    """`wheel` or `sdist` of the sources in a folder, by pyproject.toml's own build system."""
    code = f"from setuptools import build_meta; build_meta.build_{what}({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [file] = out.glob({"wheel": "*.whl", "sdist": "*.tar.gz"}[what])
    return file


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The source archive, of a copy of the repository."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("archive")
    for name in PACKED:
        shutil.copy(ROOT / name, copy)
    for name in ("kcarol", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return build("sdist", copy, out)


@pytest.fixture(scope="module")
def wheel(archive, tmp_path_factory):
    """The wheel, of the unpacked source archive: so both are complete, or neither."""
    folder, out = tmp_path_factory.mktemp("unpacked"), tmp_path_factory.mktemp("wheel")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    [folder] = folder.iterdir()
    return build("wheel", folder, out)


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """A folder with kcarol as pip installs it; its dependencies are those of these tests."""
    site = tmp_path_factory.mktemp("site")
    install = "-m pip install -q --no-deps --no-index --no-compile --disable-pip-version-check"
    command = [sys.executable, *install.split(), "--target", site, wheel]
    subprocess.run(command, check=True)
    (site / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    return site


@pytest.fixture
def run(site, tmp_path):
    """Runs Python with arguments in an empty folder that holds song.mp3 alone."""
    shutil.copy(ROOT / "data/raw/kpop/snowlit-signal.mp3", tmp_path / "song.mp3")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
        )

    return run


def test_archives_hold_the_package_alone_and_are_small(archive, wheel):
    with tarfile.open(archive) as tar:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in tar.getnames()}
    assert names >= {*PACKED, "kcarol/weights/vocoder.safetensors"}
    assert {name.split("/")[0] for name in names} & {"tests", "data", "figures"} == set()
    assert max(file.stat().st_size for file in (archive, wheel)) < MOST_BYTES


def test_the_installed_package_is_what_runs(run, site):
    done = run("-c", "import kcarol; print(kcarol.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(site), done.stderr


def test_a_song_becomes_a_carol_a_score_and_a_carol_of_the_score(run, tmp_path):
    commands = [
        "convert song.mp3 --picture --page",
        "score song.mp3",
        "play song.musicxml -o again.wav",
    ]
    for command in commands:
        done = run("-m", "kcarol", *command.split())
        assert done.returncode == 0, done.stderr
    made = {path.name for path in tmp_path.iterdir()}
    page = {f"song.carol{ending}" for ending in (".wav", ".png", ".html")}
    assert made >= page | {"song.mp3", "song.musicxml", "again.wav"}
    assert abs(load_audio(tmp_path / "song.carol.wav")).max() > 0.05


def test_python_converts(run, tmp_path):
    done = run("-c", "import kcarol; kcarol.convert('song.mp3', 'carol.flac', style='choir')")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "carol.flac").stat().st_size > 1_000_000


@pytest.mark.parametrize("command", ["preprocess", "train", "eval", "figures"])
def test_what_needs_songs_of_the_repository_says_so_in_one_line(command, run, tmp_path):
    done = run("-m", "kcarol", command)
    assert done.returncode == 2
    assert done.stderr.startswith("kcarol: ") and done.stderr.count("\n") == 1, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]
