"""Encrypted sound in MP4 files, which ffmpeg would decode to noise.

Boxes: ISO/IEC 14496-12; encrypted sample entries: ISO/IEC 23001-7 and the two shops of old.
"""

from __future__ import annotations

import re
from pathlib import Path

# sample description: type, version and flags, number of entries, size of the first, its type
ENCRYPTED = re.compile(rb"stsd.{12}(enca|drms|aavd)", re.DOTALL)
MOST_BYTES = 1 << 26  # of the box with the descriptions; of hours of sound it has a few million


def is_encrypted(path: Path) -> bool:
    """Whether a track of an MP4 file is marked as encrypted sound."""
    with open(path, "rb") as file:
        while len(header := file.read(8)) == 8:
            size, header_bytes = int.from_bytes(header[:4], "big"), 8
            if size == 1:
                size, header_bytes = int.from_bytes(file.read(8), "big"), 16
            if header[4:] == b"moov":
                return bool(ENCRYPTED.search(file.read(min(size, MOST_BYTES) or MOST_BYTES)))
            if size < header_bytes:  # 0: up to the end of the file; else damaged
                return False
            file.seek(size - header_bytes, 1)
    return False
