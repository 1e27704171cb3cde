"""Arrays on disk, read and written by slices, so that long songs do not fill the memory."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

Buffer = TypeVar("Buffer", bound="DiskBuffer")


class DiskBuffer:
    """float32 (n,) or (n, width) in an unnamed temporary file, gone when closed or killed.

    Slices have no step; of (n,) also as `buffer[..., start:stop]`. Threads may read at the same
    time. OSError names the file `beside`.
    """

    # numpy.memmap holds an hour's 220 MB in memory, or takes 1.2 times as long if mapped again for
    # every slice, and a full disk kills the process (SIGBUS) where this raises OSError

    def __init__(self, length: int = 0, width: int | None = None, beside: Path | None = None):
        """Zeros, on the disk of the output file `beside`, or where the system puts such files."""
        self.beside = Path(beside or Path(tempfile.gettempdir()) / "kcarol").absolute()
        self.row_shape: tuple[int, ...] = () if width is None else (width,)
        self.row_bytes = 4 * (width or 1)
        self.lock = threading.Lock()
        folder = next(place for place in self.beside.parents if place.is_dir())
        with self._naming_errors():
            self.file = tempfile.TemporaryFile(dir=folder, buffering=0)
        self._resize(length)

    def __enter__(self: Buffer) -> Buffer:
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()

    def __len__(self) -> int:
        return self.length

    @property
    def shape(self) -> tuple[int, ...]:
        return self.length, *self.row_shape

    def __getitem__(self, span: slice | tuple) -> np.ndarray:
        start, n_rows = self._place(span)
        rows = np.empty((n_rows, *self.row_shape), np.float32)
        self._transfer(self.file.readinto, start, rows)
        return rows

    def __setitem__(self, span: slice | tuple, rows: np.ndarray | float) -> None:
        start, n_rows = self._place(span)
        rows = np.broadcast_to(rows, (n_rows, *self.row_shape))
        self._transfer(self.file.write, start, np.ascontiguousarray(rows, np.float32))

    def append(self, rows: np.ndarray) -> None:
        start = self.length
        self._resize(start + len(rows))
        self[start:] = rows

    def _place(self, span: slice | tuple) -> tuple[int, int]:
        """First row and number of rows."""
        span = span[-1] if isinstance(span, tuple) else span
        start, stop, _ = span.indices(self.length)
        return start, max(0, stop - start)

    def _resize(self, length: int) -> None:
        with self._naming_errors():
            self.file.truncate(length * self.row_bytes)
        self.length = length

    def _transfer(self, read_or_write: Callable, start: int, rows: np.ndarray) -> None:
        """Move all bytes of `rows`; the system may move fewer in one call."""
        left = rows.reshape(-1).view(np.uint8).data
        with self.lock, self._naming_errors():
            self.file.seek(start * self.row_bytes)
            while left:
                left = left[read_or_write(left) :]

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(self.beside)) from error


def place_of(array: np.ndarray | DiskBuffer) -> Path | None:
    """Where another buffer may lie `beside` this one; None, the system's place, of an array."""
    return array.beside if isinstance(array, DiskBuffer) else None


class DiskWave(DiskBuffer):
    """float32 (channels, T) on disk, read and written as `wave[..., start:stop]`."""

    def __init__(self, n_channels: int, n_samples: int = 0, beside: Path | None = None):
        """Zeros; `beside` as of `DiskBuffer`."""
        super().__init__(n_samples, n_channels, beside)

    def __enter__(self) -> DiskWave:
        return self

    def __len__(self) -> int:
        """Channels, as of an array (channels, T)."""
        return self.shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        return *self.row_shape, self.length

    def __getitem__(self, span: slice | tuple) -> np.ndarray:
        return np.ascontiguousarray(super().__getitem__(span).T)

    def __setitem__(self, span: slice | tuple, samples: np.ndarray | float) -> None:
        _, n_samples = self._place(span)
        rows = np.empty((n_samples, *self.row_shape), np.float32)
        # by channels: a copy of the transposed array takes six times as long
        for column, channel in zip(rows.T, np.broadcast_to(samples, rows.T.shape), strict=True):
            column[:] = channel
        super().__setitem__(span, rows)

    def append(self, samples: np.ndarray) -> None:
        """(channels, t)."""
        start = self.length
        self._resize(start + samples.shape[-1])
        self[..., start:] = samples
