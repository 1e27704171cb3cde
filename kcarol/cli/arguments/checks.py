"""Checks of the user's arguments, and reports of problems: one line, exit status 2."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from kcarol.audio.files import printable
from kcarol.cli.arguments.suggestions import did_you_mean
from kcarol.config import is_smoke

if TYPE_CHECKING:
    from kcarol.conversion.converter import Converter

FAILED = 2  # exit status for bad input, also argparse's


class UsageError(ValueError):
    """A request that cannot be met, in one line."""


def complain(text: str, status: int = FAILED) -> int:
    """Print a line to stderr; returns `status`."""
    print(f"kcarol: {text}", file=sys.stderr)
    return status


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks; of an OSError "file: reason"."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return printable(f"{error.filename}: {error.strerror}")
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return text if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {text}"


def wants_smoke(arguments: Namespace) -> bool:
    return arguments.smoke or is_smoke(default=False)


def checked_device(name: str | None) -> str:
    """`name`, or the accelerator of this machine. UsageError lists what torch can use."""
    import torch

    from kcarol.model.device import best_device

    if name is None:
        return str(best_device())
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise UsageError(
            f"--device {name}: expected one of {', '.join(there)}, which this machine has"
        ) from error
    return name


def checked_style(style: str, converter: Converter) -> str:
    """`style`, if the converter knows it or it is a file; else UsageError."""
    if style not in converter.styles and not Path(style).is_file():
        raise UsageError(
            f"--style {style}: expected {', '.join(converter.styles)} or a sound file of a carol"
            + did_you_mean(style, converter.styles)
        )
    return style


def check_writable(folder: Path) -> None:
    """UsageError if the folder cannot be made or written to; called before any work."""
    folder = folder.absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir():
        raise UsageError(f"{folder}: expected a folder to write into, but {nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: {nearest} may not be written: choose another place by --out")


def check_absent(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists already: give --force, or another --out")
