"""`kcarol COMMAND ...`: the parser, and the exit status of commands."""

from __future__ import annotations

import os
import signal
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kcarol import __version__
from kcarol.audio.files import telling_lost_sound
from kcarol.cli import convert, corpus, evaluate, figures, play, preprocess, score, train
from kcarol.cli.arguments.checks import FAILED, UsageError, complain, one_line
from kcarol.cli.arguments.options import HelpFormatter

INTERRUPTED = 130  # 128 + SIGINT
TERMINATED = 143  # 128 + SIGTERM
COMMANDS = {
    "convert": convert,
    "score": score,
    "play": play,
    "preprocess": preprocess,
    "train": train,
    "eval": evaluate,
    "corpus": corpus,
    "figures": figures,
}


def main(argv: Sequence[str] | None = None, program: str = "kcarol") -> int:
    """Run the commands of `argv` (default: the process's own); returns the exit status."""
    return run([make_parser(program).parse_args(argv)])


def make_parser(program: str = "kcarol") -> ArgumentParser:
    parser = ArgumentParser(
        prog=program,
        description="Turn songs into Christmas carols.",
        epilog=f"`{program} COMMAND --help` explains a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"kcarol {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            parents=module.PARENTS,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            formatter_class=HelpFormatter,
            allow_abbrev=False,
        )
        module.add_options(command)
        command.set_defaults(run=module.run)
    return parser


def run(requests: Sequence[Namespace]) -> int:
    """Run commands one after the other; those after a training use its weights."""
    _print_anything()
    status = 0
    try:
        with _terminating(), telling_lost_sound(complain) as lost:
            _check_torchrun(requests)
            for number, request in enumerate(requests, start=1):
                status = max(status, request.run(request))
                if request.command == "train" and request.what != "vocoder":
                    for later in requests[number:]:
                        later.weights = train.weights_file(request)
    except KeyboardInterrupt as interrupt:
        ended = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
        return complain(str(interrupt) or "interrupted", ended)
    except (ValueError, OSError, ImportError, RuntimeError, MemoryError) as error:
        if os.environ.get("KCAROL_DEBUG"):
            raise
        return complain(one_line(error), FAILED)
    return max(status, FAILED) if lost else status


def _check_torchrun(requests: Sequence[Namespace]) -> None:
    several = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if several and [request.command for request in requests] != ["train"]:
        raise UsageError(
            "under torchrun expected --train alone: run the other commands before and after it"
        )


class Terminated(KeyboardInterrupt):
    """SIGTERM: ends like Ctrl-C, so that no half-written file is left."""


@contextmanager
def _terminating() -> Iterator[None]:
    """SIGTERM raises Terminated, where signals can be caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise Terminated("terminated")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _print_anything() -> None:
    """Escape characters that the terminal's encoding lacks; without a stdout print nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # started with it closed: libraries expect a file
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
