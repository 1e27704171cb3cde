"""What is wrong with a score file, in one printable line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from kcarol.audio.files import printable
from kcarol.config import install_command


class ScoreError(ValueError):
    """A file that cannot be read or written as a score; "PATH: expected, found: way out"."""

    def __init__(self, message: str):
        super().__init__(printable(message))

    @classmethod
    def of(cls, path: Path | str, expected: str, found: str, way_out: str) -> ScoreError:
        return cls(f"{path}: expected {expected}, found {found}: {way_out}")


def check_packages(path: Path | str, *packages: str) -> None:
    """ScoreError, for a file that takes packages of the extra `score`, where one is missing."""
    for package in packages:
        if find_spec(package) is None:
            way_out = install_command("score")
            raise ScoreError.of(path, f"the package {package}", "none", way_out)
