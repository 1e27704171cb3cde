"""What is the same music gets the same chords: evidence of repeated bars together."""

from __future__ import annotations

import numpy as np

from kcarol.transcription.harmony.parts import Parts

SAME_BARS = 0.6  # least correlation of the evidence of two bars of the same music
NEIGHBOURS = 1  # bars on either side that are alike, too
SHARE = 0.75  # of the evidence that comes from all bars of the same music


def pooled(evidence: np.ndarray, parts: Parts) -> np.ndarray:
    """Evidence (P, n) of each part, partly of the same part of all bars that are alike."""
    pooled = evidence.copy()
    firsts = np.flatnonzero(np.r_[True, parts.bar[1:] != parts.bar[:-1]])
    lengths = np.diff(firsts, append=len(parts))
    for length in np.unique(lengths):
        rows = firsts[lengths == length, None] + np.arange(length)  # (bars, parts)
        bars = evidence[rows]
        alike = same_bars(bars.reshape(len(bars), -1))
        means = np.tensordot(alike / alike.sum(1, keepdims=True), bars, axes=1)
        pooled[rows] = (1 - SHARE) * bars + SHARE * means
    return pooled


def same_bars(bars: np.ndarray) -> np.ndarray:
    """(B, n) -> (B, B) float32, 1 where two bars and those around them correlate."""
    centred = (bars - bars.mean(0)).astype(np.float32)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(norms, np.finfo(np.float32).tiny)
    similarity = unit @ unit.T
    around = np.pad(similarity, NEIGHBOURS, constant_values=np.nan)
    n = len(bars)
    diagonals = [around[k : k + n, k : k + n] for k in range(2 * NEIGHBOURS + 1)]
    alike = (np.nanmean(diagonals, axis=0) > SAME_BARS) & (similarity > SAME_BARS)
    return (alike | np.eye(n, dtype=bool)).astype(np.float32)
