"""Options of the network that separates voices, and the question whether to fetch its weights."""

from __future__ import annotations

import sys
from argparse import Namespace, _ArgumentGroup
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.cli.arguments.checks import UsageError, checked_device

if TYPE_CHECKING:
    from tqdm import tqdm

    from kcarol.voice.separation.download import Progress

AGREED = ("y", "yes")


def add_separator_options(group: _ArgumentGroup) -> None:
    group.add_argument(
        "--separator-weights",
        type=Path,
        metavar="FILE",
        help="weights for --voice separate, as torchaudio has them, where there is no network "
        "(default: those that were fetched)",
    )
    group.add_argument(
        "--yes",
        action="store_true",
        help="fetch these weights without asking: 319 MB, for scientific purposes only",
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
    with tqdm(desc="fetch", unit="B", unit_scale=True, unit_divisor=1024, disable=None) as bar:
        return find_weights(fetch=True, progress=_shown_by(bar))


def separate(song: Path, carol: Path, arguments: Namespace) -> Path:
    """The voice of a song, kept beside its carol, by `arguments.separator_weights`."""
    from tqdm import tqdm

    from kcarol.voice.separation.separated import default_voice, separated_voice
    from kcarol.voice.separation.separator import RATE

    with tqdm(desc=f"separate {song.name}", unit="s", leave=False, disable=None) as bar:
        return separated_voice(
            song,
            default_voice(carol),
            weights=arguments.separator_weights,
            device=checked_device(arguments.device),
            progress=_shown_by(bar, RATE),
            force=arguments.force,
        )


def _shown_by(bar: tqdm, unit: int = 1) -> Progress:
    """Progress in whole units on a bar."""

    def progress(n_done: int, n_all: int) -> None:
        bar.total = n_all // unit
        bar.update(n_done // unit - bar.n)

    return progress


def _agrees() -> bool:
    """What the user answers on a terminal; without one, no."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    print("Fetch them? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in AGREED
