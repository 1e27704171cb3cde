"""Lines on the terminal in the user's language."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

from kcarol.cli.language.catalogue import translated
from kcarol.cli.language.locale import reads_korean

# the title of a bar of tqdm, and what it counts: \rconvert:  50%|# | 1/2 [00:01<00:01, 1.2song/s]
BAR = re.compile(r"(?<=\r).+?(?=: +\d)|(?<=[\d?])[a-z]+(?=/s\b| \[)|(?<=\ds/)[a-z]+")


@contextmanager
def in_users_language() -> Iterator[None]:
    """Within it, what is written to stdout and stderr is translated."""
    if not reads_korean():
        yield
        return
    with redirect_stdout(_translating(sys.stdout)), redirect_stderr(_translating(sys.stderr)):
        yield


def _translating(stream: TextIO | None) -> Any:
    return stream if stream is None else TranslatingStream(stream)


class TranslatingStream:
    """A text stream that translates each text written to it: print and tqdm write whole lines."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        if text.startswith("\r"):
            self.stream.write(BAR.sub(lambda found: translated(found[0]), text))
        elif os.path.exists(text):  # "separate ways.carol.wav" is a name, whatever it says
            self.stream.write(text)
        else:
            self.stream.write(translated(text))
        return len(text)
