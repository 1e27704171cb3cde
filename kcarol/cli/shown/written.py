"""The files that a command has written, a line each on stdout, for people and for pipes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from kcarol.audio.files import printable


def tell_written(paths: Iterable[Path]) -> None:
    """Above the lines of progress, if there are any."""
    for path in paths:
        line = printable(path)
        if tqdm := sys.modules.get("tqdm"):
            tqdm.tqdm.write(line, file=sys.stdout)
        else:
            print(line)
