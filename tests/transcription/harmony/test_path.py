"""Facts about the likeliest path."""

from itertools import product

import numpy as np

from kcarol.transcription.harmony.path import likeliest_path


def test_no_other_path_is_likelier():
    rng = np.random.default_rng(0)
    for _ in range(20):
        likelihood, change = rng.normal(size=(5, 3)), rng.random(5)
        entry = -rng.random((5, 3))

        def nats(path, likelihood=likelihood, entry=entry, change=change):
            steps = range(1, 5)
            begun = [i for i in steps if path[i] != path[i - 1]]
            total = sum(likelihood[i, state] for i, state in enumerate(path)) + entry[0, path[0]]
            return total + sum(entry[i, path[i]] - change[i] for i in begun)

        found = nats(likeliest_path(likelihood, entry, change))
        assert np.isclose(found, max(map(nats, product(range(3), repeat=5))))


def test_one_part_has_its_likeliest_state():
    assert likeliest_path(np.array([[0.0, 1.0]]), np.array([[3.0, 0.0]]), np.zeros(1)) == [0]
