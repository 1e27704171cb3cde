"""What is wrong with a score file, in one printable line."""

from __future__ import annotations

from pathlib import Path

from kcarol.audio.files import printable


class ScoreError(ValueError):
    """A file that cannot be read or written as a score; "PATH: expected, found: way out"."""

    def __init__(self, message: str):
        super().__init__(printable(message))

    @classmethod
    def of(cls, path: Path | str, expected: str, found: str, way_out: str) -> ScoreError:
        return cls(f"{path}: expected {expected}, found {found}: {way_out}")


def missing_extra(path: Path | str, package: str) -> ScoreError:
    """For a file that takes a package of the extra `score`."""
    install = "pip install 'kcarol[score]'"
    return ScoreError(f"{path}: expected the package {package}, found none: {install}")
