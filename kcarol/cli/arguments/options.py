"""Options that several commands share, as parent parsers, and checked numbers."""

from __future__ import annotations

import argparse
import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kcarol.cli.arguments.cores import available_cores


def number(
    kind: type, least: float, most: float = math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """An argparse type: an int or a float from `least` to `most`, and smaller than `below`."""
    expected = f"{least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
    if below < math.inf:
        expected += f" and less than {below:g}"

    def read(text: str) -> float:
        value = kind(text)
        if not (least <= value <= most and value < below):  # also NaN
            raise ArgumentTypeError(f"expected {expected}, found {text}")
        return value

    read.__name__ = kind.__name__  # for argparse's "invalid int value"
    return read


class HelpFormatter(argparse.HelpFormatter):
    """Adds the default to the help of every option that does not state it."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if "default" in text or not action.option_strings or action.dest in ("help", "version"):
            return text
        named = {"None": "none", "False": "off"}
        return f"{text} (default: {named.get(str(action.default), '%(default)s')})"


def _shared(*flags: str, **settings: Any) -> ArgumentParser:
    parent = ArgumentParser(add_help=False)
    parent.add_argument(*flags, **settings)
    return parent


SMOKE = _shared(
    "--smoke",
    action="store_true",
    help="tiny networks and few steps, to check that all works (default: off, or KCAROL_SMOKE)",
)
DEVICE = _shared(
    "--device", help="cpu, cuda, cuda:1 or mps (default: the accelerator there is, else cpu)"
)
FORCE = _shared("--force", action="store_true", help="redo and overwrite existing results")
JOBS = _shared(
    "--jobs",
    type=number(int, 1),
    default=available_cores(),
    help="processes or threads at once (default: %(default)s, the cores that may be used)",
)
KPOP = _shared("--kpop", type=Path, default=Path("data/raw/kpop"), help="folder of pop songs")
PROCESSED = _shared(
    "--processed", type=Path, default=Path("data/processed"), help="folder of preprocessed clips"
)
WEIGHTS = _shared(
    "--weights", type=Path, help=".safetensors, or folder of a run (default: the shipped weights)"
)
VOCODER = _shared(
    "--vocoder",
    choices=("neural", "griffin-lim"),
    default="neural",
    help="what turns log-mel into sound; griffin-lim needs no weights and is slower",
)
