"""Facts about where notebooks find things."""

import numpy as np
import pytest

from kcarol.audio.encoding import save_audio
from kcarol.audio.files import DataError
from kcarol.notebook.project import find_carol, find_song, project_root, readable


@pytest.fixture
def project(tmp_path):
    """A project with two songs."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "kcarol"\n')
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data/raw/kpop").mkdir(parents=True)
    for name in ("b song.wav", "a.wav"):
        save_audio(tmp_path / "data/raw/kpop" / name, np.zeros(8_000, np.float32), 16_000)
    return tmp_path


def test_the_root_is_found_from_below_and_from_elsewhere(project, monkeypatch):
    monkeypatch.chdir(project / "notebooks")
    assert project_root() == project
    monkeypatch.chdir("/")
    assert (project_root() / "kcarol/notebook/project.py").is_file()


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'mine'\n", "[project]\ndependencies = ['kcarol']\n", "\xff\0"]
)
def test_somebody_elses_project_is_not_taken_for_kcarols(project, text, monkeypatch):
    mine = project / "mine"
    (mine / "data/notebooks").mkdir(parents=True)
    (mine / "pyproject.toml").write_text(text, encoding="latin-1")
    monkeypatch.chdir(mine / "data/notebooks")
    assert project_root() == project  # which it lies in
    (project / "pyproject.toml").unlink()
    assert (project_root() / "kcarol/notebook/project.py").is_file()


def test_where_there_is_no_repository_that_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    installed = tmp_path / "site-packages/kcarol/notebook/project.py"
    monkeypatch.setattr("kcarol.notebook.project.__file__", str(installed))
    with pytest.raises(FileNotFoundError, match="expected kcarol's repository") as error:
        project_root()
    assert "\n" not in str(error.value)


def test_a_song_is_the_one_named_or_the_first(project):
    assert find_song(project).name == "a.wav"
    assert find_song(project, "b song").name == "b song.wav"
    with pytest.raises(FileNotFoundError, match="expected one of a, b song, found c"):
        find_song(project, "c")


def test_a_carol_is_the_first_that_can_be_read_or_a_packaged_one(project):
    packaged = project / "data/pairs/bells-0-0.carol.ogg"
    save_audio(packaged, np.zeros(8_000, np.float32), 16_000)
    assert find_carol(project) == packaged
    for name in ("mine.wav", "other.wav"):
        save_audio(project / "data/raw/carol" / name, np.zeros(8_000, np.float32), 16_000)
    (project / "data/raw/carol/cut.mp3").write_bytes(b"no sound")
    assert find_carol(project).name == "mine.wav"


def test_a_song_that_cannot_be_read_is_passed_over_and_named(project, capsys):
    (project / "data/raw/kpop/a.wav").write_bytes(b"no sound")
    assert find_song(project).name == "b song.wav"
    said = capsys.readouterr().out
    assert said.startswith("passed over: ") and "a.wav" in said and said.count("\n") == 1
    (project / "data/raw/kpop/b song.wav").write_bytes(b"")
    with pytest.raises(DataError, match="expected a song that can be read"):
        find_song(project)


def test_of_several_files_all_that_can_be_read_are_taken(project, capsys):
    files = sorted((project / "data/raw/kpop").iterdir())
    assert list(readable(files)) == files and not capsys.readouterr().out
    files[0].write_bytes(b"no sound")
    assert list(readable(files)) == files[1:]
    assert files[0].name in capsys.readouterr().out
