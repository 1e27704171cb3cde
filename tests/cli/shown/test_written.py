"""Written files: a line each, whatever their names."""

import sys
from pathlib import Path

import pytest

from kcarol.cli.shown.written import tell_written


@pytest.mark.parametrize("with_tqdm", [False, True])
def test_each_file_is_a_line_of_its_own(with_tqdm, monkeypatch, capsys):
    if with_tqdm:
        import tqdm  # noqa: F401
    else:
        monkeypatch.delitem(sys.modules, "tqdm", raising=False)
    tell_written([Path("a.wav"), Path("b\nc.wav")])
    assert capsys.readouterr().out == "a.wav\nb\\nc.wav\n"
