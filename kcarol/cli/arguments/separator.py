"""Options of the network that separates voices, and the question whether to fetch its weights."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from kcarol.cli.arguments.checks import UsageError

AGREED = ("y", "yes")


def add_separator_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--separator-weights",
        type=Path,
        metavar="FILE",
        help="the weights for --voice separate, as torchaudio has them, for machines without "
        "network (default: those that were fetched)",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="fetch the weights for --voice separate without asking: 319 MB, for scientific "
        "purposes only",
    )


def checked_separator(arguments: Namespace) -> Path:
    """The weights that separate voices; they are fetched if the user agrees, else UsageError."""
    from tqdm import tqdm

    from kcarol.voice.separation.weights import cached_weights, find_weights, notice

    given = arguments.separator_weights
    if given is not None or cached_weights().exists():
        return find_weights(given)
    print(notice(), file=sys.stderr)
    if not (arguments.yes or _agrees()):
        raise UsageError(
            "--voice separate: expected --yes to fetch these weights, or --separator-weights FILE"
        )
    with tqdm(desc="fetch", unit="B", unit_scale=True, disable=None) as bar:

        def progress(n_done: int, n_bytes: int) -> None:
            bar.total = n_bytes
            bar.update(n_done - bar.n)

        return find_weights(fetch=True, progress=progress)


def _agrees() -> bool:
    """What the user answers on a terminal; without one, no."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    print("Fetch them? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in AGREED
