"""Completion of the command line by the shell's Tab key, by argcomplete.

`eval "$(kcarol --completion bash)"` switches it on: then the shell runs kcarol at each Tab, tells
it the line in its environment, and is answered by `complete`.
"""

from __future__ import annotations

import os
from argparse import Action, ArgumentParser
from typing import Any, NoReturn

SHELLS = ("bash", "zsh", "fish", "tcsh")


class PrintScript(Action):
    """Prints what a shell is to evaluate, and ends."""

    def __call__(self, parser: ArgumentParser, namespace: Any, shell: Any, *_: Any) -> NoReturn:
        from argcomplete import shellcode

        print(shellcode([parser.prog], shell=shell))
        parser.exit()


def is_asked() -> bool:
    """Whether a shell runs this process to complete a line."""
    return "_ARGCOMPLETE" in os.environ


def complete(parser: ArgumentParser) -> None:
    """Answer the shell, and end."""
    from argcomplete import autocomplete

    autocomplete(parser, always_complete_options=False)


def complete_style(prefix: str, **_: Any) -> list[str]:
    """The named styles, and files, since a carol's sound is a style, too."""
    from argcomplete.completers import FilesCompleter

    from kcarol.cli.convert import STYLE_NAMES

    return [*STYLE_NAMES, *FilesCompleter()(prefix)]
