"""Text that stays on one line whatever a file is called: for error messages and lists."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""`str(text)` with every line break, control character and undecodable byte spelled out (`\n`, `\x07`, `\udcff`)."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
