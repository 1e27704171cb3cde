"""Facts about where notebooks find things."""

import pytest

from kcarol.notebook.project import find_song, project_root


@pytest.fixture
def project(tmp_path):
    """A project with two songs."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "kcarol"\n')
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
    assert find_song(project, "b song").name == "b song.mp3"
    with pytest.raises(FileNotFoundError, match="expected one of a, b song, found c"):
        find_song(project, "c")
