"""What to install, by how this kcarol came to be here."""

import shlex

import pytest

from kcarol import config

GIT = {"url": "https://example.org/kcarol.git", "vcs_info": {"vcs": "git"}}
WHEEL = {"url": "file:///tmp/kcarol-0.2.0-py3-none-any.whl", "archive_info": {}}


def installed(monkeypatch, folder, origin) -> list[str]:
    monkeypatch.setattr(config, "__file__", str(folder / "kcarol" / "config.py"))
    monkeypatch.setattr(config, "_origin", lambda: origin)
    return shlex.split(config.install_command("score"))


@pytest.mark.parametrize(
    "origin, what",
    [
        ({}, "kcarol[score]"),
        (GIT, "kcarol[score] @ git+https://example.org/kcarol.git"),
        (WHEEL, "kcarol[score] @ file:///tmp/kcarol-0.2.0-py3-none-any.whl"),
    ],
)
def test_an_installed_kcarol_gets_extras_from_where_it_came_from(
    origin, what, tmp_path, monkeypatch
):
    assert installed(monkeypatch, tmp_path, origin) == ["pip", "install", what]


def test_a_cloned_kcarol_gets_extras_in_its_folder(tmp_path, monkeypatch):
    expected = ["pip", "install", "-e", f"{tmp_path}[score]"]
    editable = {"url": "file:///elsewhere", "dir_info": {"editable": True}}
    assert installed(monkeypatch, tmp_path, editable) == expected
    (tmp_path / "pyproject.toml").touch()
    assert installed(monkeypatch, tmp_path, {}) == expected
