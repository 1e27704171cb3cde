"""Rows of carols: what is played and how it sounds, as training of the playing half reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kcarol.audio.files import atomic_write
from kcarol.model.notes import Notes

SUFFIX = ".carols.safetensors"


@dataclass(frozen=True)
class CarolRows:
    """N rows of F = ROW_FRAMES + 1 frames by the same instruments."""

    notes: Sequence[Notes]  # of each row, counted from its beginning; N
    log_mel: Tensor  # (N, F, 2, n_bands) float16, middle and side
    waves: Tensor | None = None  # (N, 2, T) int16, middle and side at `AudioConfig.sample_rate`
    known: Tensor | None = None  # (2, n_bands) ones and zeros: bands of a recording; None: all

    @property
    def known_bands(self) -> Tensor:
        return torch.ones(self.log_mel.shape[2:]) if self.known is None else self.known

    @property
    def channels(self) -> Tensor:
        """Every middle and side as a wave of its own, (2 N, T) int16; not of recordings."""
        assert self.waves is not None, "expected rows with waves"
        return self.waves.flatten(0, 1)


def save_carols(path: Path, rows: CarolRows) -> None:
    assert rows.waves is not None and rows.known is None, "only rendered rows are stored"
    tensors = {
        "notes": torch.cat([notes.tensor() for notes in rows.notes]),
        "n_notes": torch.tensor([len(notes) for notes in rows.notes]),
        "log_mel": rows.log_mel,
        "waves": rows.waves,
    }
    with atomic_write(path) as temporary:
        save_file(tensors, temporary)


def load_carols(path: Path) -> CarolRows:
    tensors = load_file(path)
    notes = tensors["notes"].split(tensors["n_notes"].tolist())
    return CarolRows(
        [Notes.of_tensor(columns) for columns in notes], tensors["log_mel"], tensors["waves"]
    )


def stored_carols(folder: Path) -> Iterator[CarolRows]:
    """The rows of a folder's files, in order of their names."""
    for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
        yield load_carols(path)
