"""Activations of the heads: log-odds, what is highest nearby, the border between two kinds."""

from __future__ import annotations

import numpy as np


def logit_of(probability: np.ndarray, floor: float) -> np.ndarray:
    """Log-odds of probabilities clipped to `floor` and 1 - `floor`."""
    probability = probability.clip(floor, 1 - floor)
    return np.log(probability) - np.log1p(-probability)


def highest_near(values: np.ndarray, reach: int) -> np.ndarray:
    """(F,) -> (F,): the maximum within ±`reach` frames."""
    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(1)


def otsu_threshold(values: np.ndarray) -> tuple[float, float]:
    """A threshold for (n,), and the difference between the means above and below it.

    It maximises the variance between both kinds (Otsu 1979, "A threshold selection method from
    gray-level histograms"; scikit-image's would be one more dependency). With fewer than two
    values: 0, 0.
    """
    if len(values) < 2:
        return 0.0, 0.0
    ordered = np.sort(values)
    n = np.arange(1, len(values))  # values below each possible threshold
    contrast = ordered[::-1].cumsum()[-2::-1] / n[::-1] - ordered.cumsum()[:-1] / n
    variance = n * n[::-1] * contrast**2
    k = len(variance) - 1 - variance[::-1].argmax()  # of equal splits the last
    return float(ordered[k : k + 2].mean()), float(contrast[k])
