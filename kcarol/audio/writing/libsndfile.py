"""Sound files by libsndfile: all formats but MPEG-4."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from kcarol.audio.writing.formats import SoundFormat


def write(
    path: Path,
    blocks: Iterable[np.ndarray],
    n_channels: int,
    sample_rate: int,
    form: SoundFormat,
    comment: str,
) -> None:
    """Blocks (t,) or (t, channels) into a file. LibsndfileError; OSError on a full disk."""
    with (
        _Sink(path, "r+") as sink,
        soundfile.SoundFile(
            sink, "w", sample_rate, n_channels, form.codec, format=form.container, **form.quality
        ) as file,
    ):
        if comment:
            file.comment = comment
        for block in blocks:
            file.write(block)


def read_comment(path: Path) -> str:
    """Empty if there is none, or no such file."""
    try:
        with soundfile.SoundFile(path) as file:
            return file.comment
    except (soundfile.LibsndfileError, OSError, UnicodeDecodeError):
        return ""


class _Sink(io.FileIO):
    """A file that raises a failed write when it is closed; libsndfile ignores it silently."""

    error: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            n_written = 0
            while n_written < len(data):
                n_written += super().write(data[n_written:])
        except OSError as error:
            self.error = self.error or error
            return 0
        return len(data)

    def __exit__(self, *raised: object) -> None:
        self.close()
        if self.error:
            raise self.error
