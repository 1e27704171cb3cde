"""`kcarol`: help at once, every option explained, one exit status for each end."""

import argparse
import os
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


def parse(words: list[str]) -> argparse.Namespace:
    return cli.make_parser().parse_args(words)


def options(parser) -> list[argparse.Action]:
    return [a for a in parser._actions if a.option_strings and a.dest != "help"]


def test_every_option_with_a_value_says_its_default_and_flags_are_off():
    for name, parser in commands().items():
        formatter = parser._get_formatter()
        for option in options(parser):
            text = formatter._expand_help(option)
            if option.nargs == 0:
                assert option.default is False, (name, option.dest)
            else:
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


def test_the_help_is_one_screen_with_a_line_for_each_command_in_the_order_of_use(
    monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 24 and max(map(len, lines)) < 80
    title = lines.index("commands:")
    named = [line.split()[0] for line in lines[title + 1 :][: len(cli.COMMANDS)]]
    assert named == list(cli.COMMANDS) and named[0] == "convert"


def test_the_options_of_convert_are_in_groups(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = commands()["convert"].format_help()
    titles = re.findall(r"^(\w.*):$", text, re.M)
    assert titles[:3] == ["what goes in", "how it sounds", "what is written"]
    assert titles[3:] == ["its singer", "how it runs"]
    assert max(map(len, text.splitlines())) < 80


def test_no_words_are_answered_by_the_help(capsys):
    assert cli.main([]) == cli.FAILED
    said = capsys.readouterr()
    assert not said.out and "commands:" in said.err and "examples:" in said.err


@pytest.mark.parametrize(
    "words",
    [
        "song.mp3",
        "SONG.MP3 --style choir",
        "album",
        "--style choir song.mp3",
        "--hall=1 song.mp3",
        "-- --song.mp3",
    ],
)
def test_convert_may_be_left_out_before_a_song(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    assert parse(words.split()) == parse(["convert", *words.split()])


def test_a_tilde_that_the_shell_leaves_is_the_home_folder(tmp_path, monkeypatch):
    home = os.path.expanduser("~")
    monkeypatch.chdir(tmp_path)
    request = parse(["~/song.mp3", "--out=~/a.wav", "--voice", "b~/c.wav"])
    assert request.files == [Path(home, "song.mp3")] and request.out == Path(home, "a.wav")
    assert request.voice == Path("b~/c.wav")
    (tmp_path / "~").mkdir()
    assert parse(["~/song.mp3"]).files == [Path("~/song.mp3")]


def test_a_command_is_no_folder_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train").mkdir()
    assert parse(["train"]).command == "train"
    assert parse(["./train"]).files == [Path("train")]


def test_songs_may_stand_on_both_sides_of_options():
    request = parse(["a.mp3", "--style", "choir", "b.mp3", "c.mp3", "--mono"])
    assert request.files == [Path("a.mp3"), Path("b.mp3"), Path("c.mp3")] and request.mono


@pytest.mark.parametrize(
    "words, meant",
    [
        ("convret song.mp3", "did you mean convert?"),
        ("song.mp3 --stlye choir", "--stlye choir: did you mean --style?"),
        ("--stlye choir song.mp3", "--stlye: did you mean --style?"),
        ("train --stpes=7", "--stpes=7: did you mean --steps?"),
        ("song.mp3 --format mp", "did you mean mp3?"),
        ("score song.mp3 --arrangement Bell", "did you mean bells?"),
        ("song.mp3 --hall half", "--hall: expected a number, found half"),
        ("song.mp3 --rate 44.1", "--rate: expected a whole number, found 44.1"),
        ("sing song.mp3", "expected a song, a folder of songs or a command"),
    ],
)
def test_the_word_that_was_meant_is_told(words, meant, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(words.split())
    assert stopped.value.code == cli.FAILED and meant in capsys.readouterr().err


def test_python_m_kcarol_is_the_same():
    argv = [sys.executable, "-m", "kcarol", "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, f"kcarol {kcarol.__version__}\n")


@pytest.mark.parametrize("argv", [["sing"], ["convert", "a.mp3", "--stile", "choir"]])
def test_wrong_calls_end_with_status_2(argv, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)
    assert stopped.value.code == cli.FAILED and "usage: kcarol" in capsys.readouterr().err
