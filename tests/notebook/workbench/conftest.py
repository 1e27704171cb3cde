"""What the tests of the workbench share: a project with one song, and a short score."""

import html
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from converters import AUDIO, make_converter, song
from lead_sheets import composed

from kcarol.audio.encoding import save_audio
from kcarol.score.score import Score

LENGTH_S = 8.0
PAGE_FILE = re.compile(r'(?:src|href)="([^"]*)"')


@pytest.fixture(scope="session")
def converter():
    return make_converter()


@pytest.fixture(scope="session")
def score():
    """Of four bars or so."""
    return Score.of_sheet(composed(0, LENGTH_S))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with the song "a & b #1"; the working folder is that of its notebooks."""
    save_audio(tmp_path / "data/raw/kpop/a & b #1.wav", song(LENGTH_S), AUDIO.sample_rate)
    (tmp_path / "notebooks/runs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


@pytest.fixture
def folder(root):
    """Of what the workbench writes."""
    return root / "notebooks/runs"


@pytest.fixture
def song_file(root):
    return root / "data/raw/kpop/a & b #1.wav"


@pytest.fixture
def files_of():
    """A function of a page -> the files that it plays, shows and offers, which are all there, at
    relative addresses, below the notebooks' folder.
    """

    def read(page):
        urls = PAGE_FILE.findall(page)
        assert urls and not [url for url in urls if url.startswith(("/", "..")) or ":" in url]
        paths = [Path(unquote(html.unescape(url))) for url in urls]
        assert all(path.is_file() for path in paths), paths
        return paths

    return read


@pytest.fixture
def said():
    """A function of a message -> the line that it shows to everyone."""

    def read(message):
        [line] = re.findall('<p role="alert">(.*)</p>', message.value)
        return html.unescape(line)

    return read
