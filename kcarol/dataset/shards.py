"""Shards: rows of equally long pairs in one style, as training reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from kcarol.audio.files import atomic_write
from kcarol.dataset.labels import N_PACKED, NO_NOTE

ROW_FRAMES = 1280  # 20.48 s: every pair is cut or padded to this
SUFFIX = ".pairs.safetensors"


@dataclass(frozen=True)
class Shard:
    """Pairs in one style: N rows of T = ROW_FRAMES * hop samples and F = ROW_FRAMES + 1 frames."""

    pop: np.ndarray  # (N, T) int16
    carol: np.ndarray  # (N, T) int16
    labels: np.ndarray  # (N, F, N_PACKED) int16

    @classmethod
    def of(
        cls,
        pops: Sequence[np.ndarray],
        carols: Sequence[np.ndarray],
        labels: Sequence[np.ndarray],
        hop_length: int,
    ) -> Shard:
        """Waves (T,) float and packed labels (F, N_PACKED) of any length, cut or padded to rows."""
        n_samples = ROW_FRAMES * hop_length
        return cls(
            np.stack([wave_row(wave, n_samples) for wave in pops]),
            np.stack([wave_row(wave, n_samples) for wave in carols]),
            np.stack([_label_row(packed) for packed in labels]),
        )


def wave_row(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """(T,) float -> (n_samples,) int16, cut or padded."""
    rounded = np.round(np.clip(wave[:n_samples], -1, 1) * 32767).astype(np.int16)
    return np.pad(rounded, (0, n_samples - len(rounded)))


def _label_row(packed: np.ndarray) -> np.ndarray:
    row = np.zeros((ROW_FRAMES + 1, N_PACKED), np.int16)
    row[:, :2] = NO_NOTE  # tune and bass
    row[: len(packed)] = packed[: len(row)]
    return row


def save_shard(path: Path, shard: Shard) -> None:
    tensors = {"pop": shard.pop, "carol": shard.carol, "truth": shard.labels}
    with atomic_write(path) as temporary:
        save_file(tensors, temporary)


def load_shard(path: Path) -> Shard:
    tensors = load_file(path)
    return Shard(tensors["pop"], tensors["carol"], tensors["truth"])


def stored_shards(folder: Path) -> Iterator[Shard]:
    """The shards of a folder, in order of their file names."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        yield load_shard(path)
