"""What a user may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ ": did you mean KNOWN?" for the end of a message; empty if no known word is like it."""
    from difflib import get_close_matches

    spellings = {name.lower(): name for name in known}
    nearest = get_close_matches(word.lower(), spellings, n=1)
    return f": did you mean {spellings[nearest[0]]}?" if nearest else ""
