"""The language of a page: English, or another into which its texts are translated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """`code`: as HTML names it. `translate`: an English text; one that it does not know stays."""

    code: str
    translate: Callable[[str], str]


ENGLISH = Language("en", str)
