"""The cheapest way through a chain of choices."""

from itertools import product

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way


def test_it_is_the_cheapest_of_all_ways():
    rng = np.random.default_rng(0)
    sizes = 3, 2, 4, 3
    costs = [rng.random(size) for size in sizes]
    ways = [rng.random(pair) for pair in zip(sizes, sizes[1:], strict=False)]

    def cost(way: tuple[int, ...]) -> float:
        steps = sum(w[a, b] for w, a, b in zip(ways, way, way[1:], strict=False))
        return sum(c[i] for c, i in zip(costs, way, strict=True)) + steps

    assert tuple(cheapest_way(costs, ways)) == min(product(*map(range, sizes)), key=cost)


def test_nothing_to_choose():
    assert cheapest_way([], []) == []
