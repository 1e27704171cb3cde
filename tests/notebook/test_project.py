"""Facts about where notebooks find things."""

import pytest

from kcarol.notebook.project import find_song, project_root


@pytest.fixture
def project(tmp_path):
    """A project with two songs."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data/raw/kpop").mkdir(parents=True)
    for name in ("b song.mp3", "a.wav"):
        (tmp_path / "data/raw/kpop" / name).touch()
    return tmp_path


def test_the_root_is_found_from_below_and_from_elsewhere(project, monkeypatch):
    monkeypatch.chdir(project / "notebooks")
    assert project_root() == project
    monkeypatch.chdir("/")
    assert (project_root() / "kcarol/notebook/project.py").is_file()


def test_a_song_is_the_one_named_or_the_first(project):
    assert find_song(project).name == "a.wav"
    assert find_song(project, "b song").name == "b song.mp3"
    with pytest.raises(FileNotFoundError, match="expected one of a, b song, found c"):
        find_song(project, "c")
