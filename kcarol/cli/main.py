"""`kcarol COMMAND ...`: the parser, and the exit status of commands."""

from __future__ import annotations

import os
import signal
import sys
import threading
from argparse import SUPPRESS, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kcarol import __version__
from kcarol.audio.files import DoubtfulFileWarning, LostSoundWarning, printable, telling
from kcarol.audio.reading.endings import AUDIO_SUFFIXES
from kcarol.audio.writing.tags import TagsWarning
from kcarol.cli import convert, corpus, evaluate, figures, play, preprocess, score, train
from kcarol.cli.arguments.checks import FAILED, UsageError, complain, one_line
from kcarol.cli.arguments.completion import SHELLS, PrintScript, complete, is_asked
from kcarol.cli.arguments.parser import Parser
from kcarol.cli.arguments.suggestions import did_you_mean
from kcarol.cli.language.terminal import in_users_language

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
USAGE = "kcarol SONG ... [options], or kcarol COMMAND ... [options]"
DESCRIPTION = "Turn songs into Christmas carols. `kcarol song.mp3` writes song.carol.wav."
EXAMPLES = """examples:
  kcarol song.mp3 --style choir   with a choir
  kcarol album/ -o carols/        a whole folder; call it again to go on
  kcarol convert --help           all options of a command"""


def main(argv: Sequence[str] | None = None, program: str = "kcarol") -> int:
    """Run the command of `argv` (default: the process's own); returns the exit status."""
    argv = sys.argv[1:] if argv is None else argv
    parser = make_parser(program)
    if is_asked():
        complete(parser)
    with in_users_language():
        if not argv:
            parser.print_help(sys.stderr)
            return FAILED
        return run([parser.parse_args(argv)])


class CommandParser(Parser):
    """Of a command and its arguments, or of those of `convert` alone."""

    commands: dict[str, Parser]

    def parse_args(self, args: Sequence[str], namespace: None = None) -> Namespace:
        request, unknown = self.parse_known_args(args, namespace)
        has_options = any(word.startswith("-") for word in unknown)
        if unknown and not has_options and hasattr(request, "files"):
            request.files += map(Path, unknown)  # argparse leaves those behind the options
        elif unknown:
            self.commands[request.command].refuse(unknown)
        return request

    def parse_known_args(self, args: Sequence[str], namespace: None = None) -> Any:
        return super().parse_known_args(self._with_command(args), namespace)

    def _with_command(self, words: Sequence[str]) -> Sequence[str]:
        """The same words behind `convert` if they begin with a song, or with an option of it."""
        words = [with_home(word) for word in words]
        if not words or words[0].split("=")[0] in {*self.commands, *self.option_names}:
            return words
        first = words[0]
        options = self.commands["convert"].option_names
        if first == "--" or first.split("=")[0] in options or _is_song(first):
            return ["convert", *words]
        if first.startswith("-"):
            self.refuse([first], {*options, *self.option_names})
        self.error(
            "expected a song, a folder of songs or a command "
            f"({', '.join(self.commands)}), found {first}{did_you_mean(first, self.commands)}"
        )


def with_home(word: str) -> str:
    """With the home folder for a `~` that the shell has left: in quotes, or behind --out=."""
    option, equals, path = word.partition("=") if word.startswith("--") else ("", "", word)
    is_home = path.split(os.sep)[0] == "~" and not os.path.lexists("~")
    return option + equals + (os.path.expanduser(path) if is_home else path)


def _is_song(word: str) -> bool:
    """Whether it names something that is there, or a sound file."""
    return os.path.exists(word) or Path(word).suffix.lower() in AUDIO_SUFFIXES


def make_parser(program: str = "kcarol") -> CommandParser:
    parser = CommandParser(prog=program, usage=USAGE, description=DESCRIPTION, epilog=EXAMPLES)
    commands = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        dest="command",
        required=True,
        prog=program,
        parser_class=Parser,
    )
    parser.commands = commands.choices
    options = parser.add_argument_group("options")
    parser.add_help_option(options)
    options.add_argument(
        "--version",
        action="version",
        version=f"kcarol {__version__}",
        help="show the version and exit",
    )
    options.add_argument(
        "--completion",
        action=PrintScript,
        choices=SHELLS,
        default=SUPPRESS,
        metavar="SHELL",
        help=f'for the Tab key: eval "$(kcarol --completion {SHELLS[0]})"',
    )
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            usage=f"{program} {name} {module.USAGE}",
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
        )
        module.add_options(command)
        command.add_help_option(command._action_groups[-1])
        command.set_defaults(run=module.run)
    return parser


def run(requests: Sequence[Namespace]) -> int:
    """Run commands one after the other; those after a training use its weights."""
    _print_anything()
    # read when torch is imported: what Apple's MPS cannot compute is computed on the CPU
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    status = 0
    try:
        with (
            _terminating(),
            telling(TagsWarning, complain),
            telling(DoubtfulFileWarning, complain),
            telling(LostSoundWarning, complain) as lost,
        ):
            _check_torchrun(requests)
            for number, request in enumerate(requests, start=1):
                status = max(status, request.run(request))
                if request.command == "train" and request.what != "vocoder":
                    for later in requests[number:]:
                        later.weights = train.weights_file(request)
            for request in requests:  # last, where it is seen
                if request.command == "train" and getattr(request, "page", None):
                    print(f"wrote {printable(request.page)}: hear what your training changed")
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
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
