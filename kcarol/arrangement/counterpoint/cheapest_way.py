"""The cheapest way through a chain of choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cheapest_way(costs: Sequence[np.ndarray], ways: Sequence[np.ndarray]) -> list[int]:
    """The number chosen at each of N places (Viterbi); of equal ones the first.

    costs: N arrays (K_n,) of the choices themselves; ways: N - 1 arrays (K_n, K_n+1) of going from
    one to the next.
    """
    if not costs:
        return []
    total = costs[0]
    back = []
    for way, cost in zip(ways, costs[1:], strict=True):
        reached = total[:, None] + way
        back.append(reached.argmin(0))
        total = reached.min(0) + cost
    chosen = [int(total.argmin())]
    for choice in reversed(back):
        chosen.append(int(choice[chosen[-1]]))
    return chosen[::-1]
