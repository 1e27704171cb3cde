"""Tables of the corpus (tunes, grooves, bands ...): INI files that a musician can read and edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from functools import cache, cached_property
from importlib import resources
from typing import TypeVar

T = TypeVar("T")


@cache
def read_table(folder: str, name: str) -> ConfigParser:
    """The sections of the packaged file kcarol/corpus/FOLDER/NAME; keys are in lower case."""
    table = ConfigParser(interpolation=None, delimiters=("=",))
    path = resources.files("kcarol.corpus") / folder / name
    table.read_string(path.read_text(encoding="utf-8"), source=str(path))
    return table


class LazyTable(Mapping[str, T]):
    """A mapping that is loaded on first use."""

    def __init__(self, read: Callable[[], Mapping[str, T]]):
        self._read = read

    @cached_property
    def _entries(self) -> Mapping[str, T]:
        return self._read()

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def integers(text: str) -> tuple[int, ...]:
    """Numbers of "38 39 33"."""
    return tuple(int(word) for word in text.split())


def floats(text: str) -> tuple[float, ...]:
    """Numbers of "1 .2 .5"."""
    return tuple(float(word) for word in text.split())


def shares(text: str) -> dict[str, float]:
    """Names and numbers of "pad .6, riff .5"."""
    pairs = (pair.split() for pair in text.split(","))
    return {name: float(number) for name, number in pairs}


def rows(text: str) -> list[str]:
    """Lines of a value over several lines, blank ones left out."""
    return [line.strip() for line in text.splitlines() if line.strip()]
