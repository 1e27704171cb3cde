"""Errors that tell a user in one printable line what was expected, found, and what to do."""

from __future__ import annotations


class AudioError(ValueError):
    """A sound file that cannot be read or written."""

    def __init__(self, message: str):
        super().__init__(printable(message))


class DataError(ValueError):
    """A clip, or a folder of sound files, that cannot be used."""


def printable(text: object) -> str:
    r"""`str(text)` with line breaks, control characters and undecodable bytes escaped (`\n`)."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
