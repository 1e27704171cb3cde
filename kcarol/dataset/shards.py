"""Where training gets its pairs: shards on disk, or rendering without end in other processes, both
through one pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from kcarol.audio.files import write_atomic

ROW_FRAMES = 1280  # 20.48 s: every pair is cut or padded to this
LENGTH_S = 21.5  # of the songs drawn, so that few need padding
SUFFIX = ".pairs.safetensors"


@dataclass(frozen=True)
class Shard:
    """Pairs in one style: pop, carol (N, T) int16; truth (N, F, N_PACKED) int16, F = ROW_FRAMES +
    1.

    content (N, F, N_FIELDS) float16, for all groups of a pool or none: what the player is given
    instead; not stored.
    """

    pop: np.ndarray
    carol: np.ndarray
    labels: np.ndarray
    content: np.ndarray | None = None


def save_shard(path: Path, group: Shard) -> None:
    write_atomic(
        path, partial(save_file, {"pop": group.pop, "carol": group.carol, "truth": group.labels})
    )


def load_shard(path: Path) -> Shard:
    tensors = load_file(path)
    return Shard(tensors["pop"], tensors["carol"], tensors["truth"])


def stored_shards(folder: Path) -> Iterator[Shard]:
    """The groups of a folder that `build` wrote, in order of their names."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        yield load_shard(path)
