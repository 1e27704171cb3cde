"""The links of a chained Ogg file: streams one after another, as web radio and `cat` make them.

ffmpeg refuses links with another rate than the first, and confuses the times of the others.
Pages: RFC 3533, section 6.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"OggS"
HEADER_BYTES = 27
BEGINS = 2  # bit of a page's flags: the first one of a stream
SEARCHED_BYTES = 1 << 16  # at once, for the next page behind damage


def ogg_links(path: Path) -> list[tuple[int, int]]:
    """Spans of bytes (start, stop), one a link; several streams that begin together are one."""
    starts = []
    size = path.stat().st_size
    with open(path, "rb") as file:
        in_header = False
        for place, begins in _pages(file):
            if begins and not in_header:
                starts.append(place)
            in_header = begins
    return list(itertools.pairwise([*starts, size]))


def _pages(file: BinaryIO) -> Iterator[tuple[int, bool]]:
    """Place of each page, and whether a stream begins there; damaged bytes are skipped."""
    place = 0
    while True:
        file.seek(place)
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            return
        if not header.startswith(MAGIC):
            file.seek(place + 1)
            ahead = file.read(SEARCHED_BYTES)
            found = ahead.find(MAGIC)
            place += 1 + (found if found >= 0 else max(1, len(ahead) - len(MAGIC) + 1))
            continue
        yield place, bool(header[5] & BEGINS)
        n_segments = header[HEADER_BYTES - 1]
        place += HEADER_BYTES + n_segments + sum(file.read(n_segments))
