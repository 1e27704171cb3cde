"""What is the same music gets the same chords: evidence of repeated bars together."""

from __future__ import annotations

import numpy as np

from kcarol.transcription.harmony.parts import Parts

SAME_BARS = 0.6  # least correlation of the evidence of two bars of the same music
SHARE = 0.75  # of the evidence that comes from all bars of the same music
BLOCK_BARS = 512  # compared with all bars at once


def pooled(evidence: np.ndarray, parts: Parts) -> np.ndarray:
    """Evidence (P, n) of each part, mostly of the same part of all bars that are alike."""
    pooled = evidence.copy()
    firsts = np.flatnonzero(np.r_[True, parts.bar[1:] != parts.bar[:-1]])
    lengths = np.diff(firsts, append=len(parts))
    for length in np.unique(lengths):
        rows = firsts[lengths == length, None] + np.arange(length)  # (bars, parts)
        bars = evidence[rows]
        shapes = bar_shapes(bars.reshape(len(bars), -1))
        for start in range(0, len(bars), BLOCK_BARS):
            block = slice(start, start + BLOCK_BARS)
            alike = same_bars(shapes[block], shapes)
            np.fill_diagonal(alike[:, start:], 1)  # also where a bar is the only one
            means = np.tensordot(alike / alike.sum(1, keepdims=True), bars, axes=1)
            pooled[rows[block]] = (1 - SHARE) * bars[block] + SHARE * means
    return pooled


def bar_shapes(bars: np.ndarray) -> np.ndarray:
    """(B, n) -> (B, 3, n) float32: of the bar before, each bar, and the one after, as unit vectors
    whose scalar products are correlations.
    """
    centred = (bars - bars.mean(0)).astype(np.float32)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.pad(centred / np.maximum(norms, np.finfo(np.float32).tiny), ((1, 1), (0, 0)))
    return np.stack([unit[:-2], unit[1:-1], unit[2:]], axis=1)


def same_bars(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Shapes (A, 3, n) and (B, 3, n) -> (A, B) float32, 1 where two bars correlate, alone and with
    those around them.
    """
    alone = some[:, 1] @ others[:, 1].T
    together = np.tensordot(some, others, axes=((1, 2), (1, 2))) / 3
    return (np.minimum(alone, together) > SAME_BARS).astype(np.float32)
