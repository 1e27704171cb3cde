"""Numbers on disk that are read and written by slices, as an array's are: what of an hour of sound
is kept, but not in memory.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np


class DiskBuffer:
    """float32 (n,) or (n, width) in a temporary file without a name: it is gone when closed, or
    when the process is killed.

    Slices have no steps. Several threads may read at once. OSError names the file beside which it
    lies.
    """

    def __init__(self, length: int = 0, width: int | None = None, beside: Path | None = None):
        """Zeros. `beside`: a file that is to be written, on a disk with room; None: where the
        system has temporary files.
        """
        self.beside = (
            Path(tempfile.gettempdir()) / "kcarol" if beside is None else Path(beside).absolute()
        )
        self.row, self.row_bytes, self.turn = (
            () if width is None else (width,),
            4 * (width or 1),
            threading.Lock(),
        )
        folder = next(place for place in self.beside.parents if place.is_dir())
        self.file = self._tried(lambda: tempfile.TemporaryFile(dir=folder, buffering=0))
        self._resize(length)

    def __enter__(self) -> DiskBuffer:
        return self

    def __exit__(self, *raised) -> None:
        self.file.close()

    def __len__(self) -> int:
        return self.length

    @property
    def shape(self) -> tuple[int, ...]:
        return self.length, *self.row

    def __getitem__(self, span: slice) -> np.ndarray:
        start, stop, _ = span.indices(self.length)
        rows = np.empty((max(0, stop - start), *self.row), np.float32)
        self._moved(self.file.readinto, start, rows)
        return rows

    def __setitem__(self, span: slice, rows: np.ndarray | float) -> None:
        start, stop, _ = span.indices(self.length)
        rows = np.ascontiguousarray(
            np.broadcast_to(rows, (max(0, stop - start), *self.row)), np.float32
        )
        self._moved(self.file.write, start, rows)

    def append(self, rows: np.ndarray) -> None:
        start = self.length
        self._resize(start + len(rows))
        self[start:] = rows

    def _resize(self, length: int) -> None:
        self._tried(lambda: self.file.truncate(length * self.row_bytes))
        self.length = length

    def _moved(self, move, start: int, rows: np.ndarray) -> None:
        """`move` (the file's readinto or write) of all bytes of `rows`; the system may move fewer
        at once.
        """
        view, done = memoryview(rows).cast("B") if rows.size else b"", 0
        with self.turn:
            self.file.seek(start * self.row_bytes)
            while done < len(view):
                done += self._tried(lambda: move(view[done:]))  # noqa: B023

    def _tried(self, work):
        try:
            return work()
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(self.beside)) from error
