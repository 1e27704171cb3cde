"""Help in Korean: all of it, within a terminal's columns."""

import argparse
from unicodedata import east_asian_width

import pytest

from kcarol.cli import original
from kcarol.cli.language.catalogue import KO, Catalogue, read_messages
from kcarol.cli.main import make_parser

COLUMNS = 80


def parsers() -> dict[str, argparse.ArgumentParser]:
    parser = make_parser()
    by_program = {command.prog: command for command in parser.commands.values()}
    return {"kcarol": parser, "main.py": original._flags(), **by_program}


def english(parser: argparse.ArgumentParser) -> list[str]:
    """The texts of a parser's help as they are shown."""
    formatter = parser._get_formatter()
    texts = [parser.usage, parser.description, parser.epilog]
    for group in parser._action_groups:
        actions = [a for action in group._group_actions for a in subactions(action)]
        texts += [formatter._expand_help(action) for action in actions if action.help]
        texts += [group.title, group.description] if actions else []
    return [text for text in texts if text]


def subactions(action: argparse.Action) -> list[argparse.Action]:
    is_command = isinstance(action, argparse._SubParsersAction)
    return action._get_subactions() if is_command else [action]


def width(line: str) -> int:
    return sum(1 + (east_asian_width(letter) in "WF") for letter in line)


@pytest.mark.parametrize("program", parsers())
def test_every_text_of_the_help_has_a_translation(program):
    korean = Catalogue(read_messages(KO))
    lacking = [text for text in english(parsers()[program]) if korean.find(text) is None]
    assert lacking == [], f"add them to {KO}"


@pytest.mark.parametrize("program", parsers())
def test_korean_help_fits_the_terminal(program, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    before = parsers()[program].format_help()
    monkeypatch.setenv("LANGUAGE", "ko")
    shown = parsers()[program].format_help()
    assert [line for line in shown.splitlines() if width(line) > COLUMNS] == []
    assert shown.startswith("사용법: ") and "\0" not in shown
    metavars = [word for word in before.split() if word.isupper()]
    assert all(word in shown for word in metavars)


def test_each_command_has_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LANGUAGE", "ko")
    parser = make_parser()
    lines = parser.format_help().split("\n\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == ["명령:", *parser.commands]


def test_help_fills_its_lines_by_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LANGUAGE", "ko")
    lines = make_parser().commands["convert"].format_help().splitlines()
    assert max(map(width, lines)) > COLUMNS - 6
