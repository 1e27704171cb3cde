"""Sung songs: records and what is sung in them, as training of the syllable head reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from kcarol.audio.files import atomic_write

SUFFIX = ".sung.safetensors"


@dataclass(frozen=True)
class SungRows:
    """N rows of T = ROW_FRAMES * hop samples and F = ROW_FRAMES + 1 frames."""

    pop: np.ndarray  # (N, T) int16
    vowel: np.ndarray  # (N, F) int8: number of VOWELS, or NO_VOWEL
    begins: np.ndarray  # (N, F) bool: a syllable begins


def save_sung(path: Path, rows: SungRows) -> None:
    tensors = {"pop": rows.pop, "vowel": rows.vowel, "begins": rows.begins}
    with atomic_write(path) as temporary:
        save_file(tensors, temporary)


def load_sung(path: Path) -> SungRows:
    tensors = load_file(path)
    return SungRows(tensors["pop"], tensors["vowel"], tensors["begins"])


def stored_sung(folder: Path, most_rows: int | None = None) -> Iterator[SungRows]:
    """The rows of a folder's files, in order of their names; of the first file, and of others while
    they are `most_rows` at most.
    """
    n_rows = 0
    for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
        rows = load_sung(path)
        if most_rows and n_rows and n_rows + len(rows.pop) > most_rows:
            return
        n_rows += len(rows.pop)
        yield rows
