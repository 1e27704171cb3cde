"""argparse, whose help tells defaults and whose errors tell the nearest word that is known."""

from __future__ import annotations

import argparse
from argparse import Action, ArgumentError, ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from kcarol.cli.arguments.suggestions import did_you_mean
from kcarol.cli.language.help import TranslatedHelpFormatter


class HelpFormatter(TranslatedHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Adds the default to the help of every option with a value that does not state it."""

    def _get_help_string(self, action: Action) -> str:
        text = action.help or ""
        is_flag = action.nargs == 0 or action.default is argparse.SUPPRESS
        if "default" in text or not action.option_strings or is_flag:
            return text
        default = "none" if action.default is None else "%(default)s"
        return f"{text} (default: {default})"

    def _format_action(self, action: Action) -> str:
        """Commands stand under their title alone."""
        if isinstance(action, argparse._SubParsersAction):
            return "".join(map(self._format_action, action._get_subactions()))
        return super()._format_action(action)

    def _format_action_invocation(self, action: Action) -> str:
        """`-o, --out PATH`, as since Python 3.13, instead of `-o PATH, --out PATH`."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


class Parser(ArgumentParser):
    """Options are never abbreviated, so that scripts go on working when there are more of them."""

    def __init__(self, **settings: Any):
        super().__init__(
            formatter_class=HelpFormatter, allow_abbrev=False, add_help=False, **settings
        )
        self._positionals.title = "what goes in"

    def add_help_option(self, group: argparse._ActionsContainer | None = None) -> None:
        (group or self).add_argument("-h", "--help", action="help", help="show this help and exit")

    @property
    def option_names(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]

    def refuse(self, words: Sequence[str], known: Iterable[str] | None = None) -> NoReturn:
        """Exits with status 2 for words that no argument takes. `known`: options; None: its own."""
        wrong = next((word for word in words if word.startswith("-")), "")
        hint = did_you_mean(wrong.split("=")[0], self.option_names if known is None else known)
        self.error(f"unrecognized arguments: {' '.join(words)}{hint}")

    def _check_value(self, action: Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices or ()))
            raise
