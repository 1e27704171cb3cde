"""Runs of frames in which something holds."""

from __future__ import annotations

import numpy as np


def runs(holds: np.ndarray) -> np.ndarray:
    """(F,) bool -> (N, 2): first frame of each run, and the one after its last."""
    edges = np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8))
    return np.stack([np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)], axis=1)


def without_short_runs(holds: np.ndarray, n_frames: float) -> np.ndarray:
    """(F,) bool in which runs of fewer frames do not hold."""
    kept = np.zeros_like(holds)
    for start, stop in runs(holds):
        kept[start:stop] = stop - start >= n_frames
    return kept


def without_short_gaps(holds: np.ndarray, n_frames: float) -> np.ndarray:
    """(F,) bool that also holds in gaps of fewer frames between runs."""
    filled = ~without_short_runs(~holds, n_frames)
    found = np.flatnonzero(holds)
    inside = np.zeros_like(holds)
    if len(found):
        inside[found[0] : found[-1] + 1] = True
    return filled & inside
