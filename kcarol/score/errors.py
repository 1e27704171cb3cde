"""What is wrong with a score file, in one printable line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from kcarol.audio.files import printable


class ScoreError(ValueError):
    """A file that cannot be read or written as a score; "PATH: expected, found: way out"."""

    def __init__(self, message: str):
        super().__init__(printable(message))

    @classmethod
    def of(cls, path: Path | str, expected: str, found: str, way_out: str) -> ScoreError:
        return cls(f"{path}: expected {expected}, found {found}: {way_out}")


def check_package(path: Path | str, package: str) -> None:
    """ScoreError, for a file that takes a package of the extra `score`, where it is missing."""
    if find_spec(package) is None:
        raise missing_extra(path, package)


def missing_extra(path: Path | str, package: str) -> ScoreError:
    """For a file that takes a package of the extra `score`."""
    install = "pip install 'kcarol[score]'"
    return ScoreError(f"{path}: expected the package {package}, found none: {install}")
