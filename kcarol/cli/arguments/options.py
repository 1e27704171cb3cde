"""Options that several commands share, and checked numbers."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError, _ActionsContainer
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kcarol.cli.arguments.cores import available_cores

SharedOption = tuple[str, dict[str, Any]]  # its flag, and arguments of `add_argument`


def number(
    kind: type, least: float, most: float = math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """An argparse type: an int or a float from `least` to `most`, and smaller than `below`."""
    expected = f"{least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
    if below < math.inf:
        expected += f" and less than {below:g}"

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise ArgumentTypeError(f"expected {what}, found {text}") from None
        if not (least <= value <= most and value < below):  # also NaN
            raise ArgumentTypeError(f"expected {expected}, found {text}")
        return value

    return read


def add_shared(group: _ActionsContainer, *options: SharedOption) -> None:
    """To a parser, or to a group of its arguments."""
    for flag, settings in options:
        group.add_argument(flag, **settings)


def _shared(flag: str, **settings: Any) -> SharedOption:
    return flag, settings


SMOKE = _shared(
    "--smoke",
    action="store_true",
    help="tiny networks and few steps, to check that all works (default: off, or KCAROL_SMOKE)",
)
DEVICE = _shared(
    "--device", help="cpu, cuda, cuda:1 or mps (default: the accelerator there is, else cpu)"
)
FORCE = _shared("--force", action="store_true", help="overwrite what is there")
JOBS = _shared(
    "--jobs",
    metavar="N",
    type=number(int, 1),
    default=available_cores(),
    help="processes or threads at once (default: %(default)s, the cores that may be used)",
)
KPOP = _shared(
    "--kpop", metavar="DIR", type=Path, default=Path("data/raw/kpop"), help="folder of pop songs"
)
PROCESSED = _shared(
    "--processed",
    metavar="DIR",
    type=Path,
    default=Path("data/processed"),
    help="folder of preprocessed clips",
)
WEIGHTS = _shared(
    "--weights",
    metavar="PATH",
    type=Path,
    help="of a run: its folder, or a .safetensors (default: the shipped weights)",
)
VOCODER = _shared(
    "--vocoder",
    choices=("neural", "griffin-lim"),
    default="neural",
    help="what turns log-mel into sound; griffin-lim needs no weights and is slower",
)
