"""Chords and bass, half beat by half beat."""

from __future__ import annotations

import numpy as np

LIKELY = 0.5  # probability of a pitch class that belongs to the chord
N_CHORD = (2, 4)  # pitch classes of a chord, at least and at most
SILENT = 0.25  # no pitch class is likelier: no chord


def mean_over_spans(probability: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
    """(F, n) -> (F, n) float32: in each span of frames its mean."""
    out = np.zeros(probability.shape, np.float32)
    for start, stop in spans:
        out[start:stop] = probability[start:stop].mean(0)
    return out


def decide_chords(probability: np.ndarray) -> np.ndarray:
    """(F, 12) -> (F, 12) float32, 1 for the pitch classes that sound: the likely ones, 2 to 4."""
    n = np.clip((probability >= LIKELY).sum(1), *N_CHORD)
    n[probability.max(1) < SILENT] = 0
    rank = np.argsort(np.argsort(-probability, axis=1, kind="stable"), axis=1)
    return (rank < n[:, None]).astype(np.float32)


def decide_bass(probability: np.ndarray) -> np.ndarray:
    """Pitch class (F,) of the bass, -1 where none is likelier than silence, from (F, 12)."""
    silence = 1 - probability.sum(1)
    return np.where(probability.max(1) > silence, probability.argmax(1), -1)
