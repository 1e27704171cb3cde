"""The length that a WAV file's header promises; ffmpeg takes that of a file cut off for the whole.

Chunks: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991).
"""

from __future__ import annotations

from pathlib import Path

UNKNOWN_BYTES = 0x7FFF_0000  # sizes from here on stand for "until the end", as in a pipe


def promised_share(path: Path) -> float:
    """Bytes of the file by its header over those that there are; 1 if the header does not say."""
    with open(path, "rb") as file:
        header = file.read(12)
    n_bytes = int.from_bytes(header[4:8], "little") + 8
    if header[:4] != b"RIFF" or n_bytes >= UNKNOWN_BYTES:
        return 1.0
    return n_bytes / path.stat().st_size
