"""What the Tab key offers, as the shell asks for it."""

import os
import subprocess
import sys

import pytest

from kcarol.cli import main as cli
from kcarol.cli.arguments.completion import SHELLS
from kcarol.conversion.styles import STYLE_NAMES


def offered(line: str, folder) -> list[str]:
    """Words for the end of a line."""
    answer = folder / "answer.txt"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    argv = [sys.executable, "-m", "kcarol"]
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "PYTHONPATH": path, **asked}
    done = subprocess.run(argv, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [word.strip() for word in answer.read_text().split("\v")]


@pytest.mark.parametrize(
    "line, words",
    [
        ("kcarol ", list(cli.COMMANDS)),
        ("kcarol song.mp3 --sty", ["--style"]),
        ("kcarol song.mp3 --format o", ["ogg", "opus"]),
        ("kcarol train --we", ["--weights"]),
    ],
)
def test_commands_options_and_choices_are_offered(line, words, tmp_path):
    assert sorted(offered(line, tmp_path)) == sorted(words)


def test_styles_are_names_and_files(tmp_path):
    (tmp_path / "carol.mp3").touch()
    assert {*STYLE_NAMES, "carol.mp3"} <= set(offered("kcarol song.mp3 --style ", tmp_path))


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(shell, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--completion", shell])
    assert not ended.value.code and "kcarol" in capsys.readouterr().out
