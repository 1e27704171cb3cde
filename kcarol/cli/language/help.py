"""argparse's help in the user's language, broken at the terminal's columns."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from unicodedata import east_asian_width

from kcarol.cli.language.catalogue import translated

FILLER = "\0"  # the second column of a wide letter, until the lines are broken


class TranslatedHelpFormatter(argparse.HelpFormatter):
    """Translates all texts but metavars; argparse, which counts letters, counts columns."""

    def add_usage(
        self, usage: str | None, actions: Iterable, groups: Iterable, prefix: str | None = None
    ) -> None:
        prefix = "usage: " if prefix is None else prefix
        super().add_usage(usage and _in_columns(usage), actions, groups, _in_columns(prefix))

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and _in_columns(heading))

    def add_text(self, text: str | None) -> None:
        super().add_text(text and _in_columns(text))

    def format_help(self) -> str:
        return super().format_help().replace(FILLER, "")

    def _expand_help(self, action: argparse.Action) -> str:
        return _in_columns(super()._expand_help(action))


def _in_columns(text: str) -> str:
    """The translation, as long as it is wide."""
    wide = (c + FILLER if east_asian_width(c) in "WF" else c for c in translated(text))
    return "".join(wide)
