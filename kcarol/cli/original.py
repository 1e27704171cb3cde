"""`python main.py --preprocess | --train | --eval | --convert SONG`, several at once in that order.

Each flag stands for the command of the same name, and takes its options.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from kcarol.cli.arguments.parser import Parser
from kcarol.cli.language.terminal import in_users_language
from kcarol.cli.main import COMMANDS, make_parser, run
from kcarol.cli.main import main as run_command

ORDER = ("preprocess", "train", "eval", "convert")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the flags of `argv` (default: the process's own); returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in COMMANDS:  # python main.py corpus ...
        return run_command(argv, "python main.py")
    with in_users_language():
        return run(read(argv))


def read(argv: Sequence[str]) -> list[Namespace]:
    """Requests in the order in which they run. Exits with status 2 on wrong arguments.

    An option goes to every command that knows it; one that no command knows is an error.
    """
    parser = _flags()
    flags, options = parser.parse_known_args(argv)
    names = [name for name in ORDER if getattr(flags, name)]
    if not names:
        parser.error(f"expected one or more of --{' --'.join(ORDER)}")
    if flags.out and len(names) > 1:
        parser.error(f"--out is ambiguous here: use {', '.join(f'--{name}-out' for name in names)}")
    commands = make_parser("python main.py")
    requests, unknown = [], options
    for name in names:
        request, rest = commands.parse_known_args([name, *_own_words(name, flags), *options])
        requests.append(request)
        unknown = [word for word in unknown if word in rest]
    if unknown:
        known = [option for name in names for option in commands.commands[name].option_names]
        parser.refuse(unknown, [*known, *parser.option_names])
    return requests


def _own_words(name: str, flags: Namespace) -> list[str]:
    """Arguments of a command besides shared options: songs, and its --out."""
    songs = [str(song) for song in flags.convert or ()] if name == "convert" else []
    out = getattr(flags, f"{name}_out", None) or flags.out
    return [*songs, *(["--out", str(out)] if out else [])]


def _flags() -> Parser:
    parser = Parser(
        prog="python main.py",
        description="Turn songs into Christmas carols. Several flags in one call run in the order\n"
        "of this list. Each takes the options of its command, such as --smoke:\n"
        "`python main.py train --help` explains them.",
    )
    parser.add_help_option()
    for name in ORDER:
        help_ = COMMANDS[name].HELP
        if name == "convert":
            parser.add_argument("--convert", nargs="+", metavar="SONG", help=help_)
        else:
            parser.add_argument(f"--{name}", action="store_true", help=help_)
    parser.add_argument("-o", "--out", type=Path, metavar="PATH", help="output of a single command")
    for name in ORDER[1:]:
        parser.add_argument(
            f"--{name}-out", type=Path, metavar="PATH", help=f"--out of {name}, beside others"
        )
    return parser
