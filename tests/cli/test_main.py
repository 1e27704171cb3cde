"""`kcarol`: help at once, every option explained, one exit status for each end."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kcarol
from kcarol.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = cli.make_parser()
    [group] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return group.choices


def options(parser) -> list[argparse.Action]:
    return [a for a in parser._actions if a.option_strings and a.dest != "help"]


def test_every_option_says_its_default():
    for name, parser in commands().items():
        formatter = parser._get_formatter()
        for option in options(parser):
            text = formatter._expand_help(option)
            assert re.search(r"\(default: .+\)", text), (name, option.dest, text)


def test_numbers_say_their_unit():
    for name, parser in commands().items():
        for option in options(parser):
            if getattr(option.type, "__name__", "") == "float":
                assert re.search("seconds|hours|no unit", option.help), (name, option.dest)


def test_help_loads_nothing_heavy_and_names_every_command():
    code = (
        "import sys\nfrom kcarol.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: print([m for m in sys.modules if m in "
        "('torch', 'numpy', 'matplotlib', 'librosa', 'scipy', 'tqdm')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and done.stdout.strip().splitlines()[-1] == "[]"
    for name in cli.COMMANDS:
        assert f"\n    {name}" in done.stdout


def test_python_m_kcarol_is_the_same():
    argv = [sys.executable, "-m", "kcarol", "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, f"kcarol {kcarol.__version__}\n")


@pytest.mark.parametrize("argv", [[], ["sing"], ["convert", "a.mp3", "--stile", "choir"]])
def test_wrong_calls_end_with_status_2(argv, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)
    assert stopped.value.code == cli.FAILED and "usage: kcarol" in capsys.readouterr().err
