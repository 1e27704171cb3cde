"""Viterbi decoding where a change costs the same whatever it leads from."""

from __future__ import annotations

import numpy as np


def likeliest_path(likelihood: np.ndarray, entry: np.ndarray, change: np.ndarray) -> np.ndarray:
    """States (P,) with the highest sum of log-likelihoods (P, n), in nats.

    Each change of state costs `change` (P,) and brings `entry` (P, n), at most 0, of the state that
    begins. A state comes from itself or from the likeliest of all, so that the search takes O(P n).
    """
    n_parts = len(likelihood)
    origin = np.zeros(n_parts, int)  # the likeliest state before each part
    stays = np.zeros(likelihood.shape, bool)
    score = likelihood[0] + entry[0]
    for i in range(1, n_parts):
        origin[i] = score.argmax()
        begun = score[origin[i]] - change[i] + entry[i]
        stays[i] = score >= begun
        score = np.maximum(score, begun) + likelihood[i]
    path = np.full(n_parts, score.argmax())
    for i in range(n_parts - 1, 0, -1):
        path[i - 1] = path[i] if stays[i, path[i]] else origin[i]
    return path
