"""Random choices from short lists, many times faster than `rng.choice`.

The draws of a seed must never change, so neither must these functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One of the items, all equally likely."""
    return items[int(rng.integers(len(items)))]


def pick_weighted(
    rng: np.random.Generator, items: Sequence[T], weights: Sequence[float] | None = None
) -> T:
    """One of the items by weight; without weights uniform like `pick`, from different draws."""
    if weights is None:
        return items[int(rng.random() * len(items))]
    at = rng.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        at -= weight
        if at < 0:
            return item
    return items[-1]
