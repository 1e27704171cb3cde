"""Facts about bars that are the same music."""

import numpy as np

from kcarol.transcription.harmony import repeated_bars
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.harmony.repeated_bars import bar_shapes, pooled, same_bars


def test_bars_are_alike_when_those_around_them_are_too():
    a, b, c, d, e = np.eye(5)
    shapes = bar_shapes(np.array([a, b, c, d, a, b, c, e, d, b, e]))
    alike = same_bars(shapes, shapes)
    assert alike[1, 5] == 1  # b of a b c, twice
    assert alike[1, 9] == 0  # b of d b e
    assert np.array_equal(alike, alike.T) and (np.diag(alike) == 1).all()


def test_blocks_of_bars_give_what_all_at_once_give(monkeypatch):
    evidence = np.tile(np.random.default_rng(0).normal(size=(14, 5)), (3, 1))
    evidence += np.random.default_rng(1).normal(0, 0.3, evidence.shape)
    edges = np.arange(len(evidence) + 1)
    parts = Parts(edges[:-1], edges[1:], 0 * edges[1:], edges[:-1] // 2)
    whole = pooled(evidence, parts)
    monkeypatch.setattr(repeated_bars, "BLOCK_BARS", 4)
    assert np.allclose(pooled(evidence, parts), whole, atol=1e-6)


def test_evidence_is_drawn_towards_that_of_its_repetitions():
    bars = np.tile(np.eye(4, 6) * 4, (3, 1)).repeat(2, axis=0)
    bars[8, 5] = 1.0  # a doubt in the second time of the first bar
    edges = np.arange(25)
    parts = Parts(edges[:-1], edges[1:], np.zeros(24, int), np.arange(24) // 2)
    together = pooled(bars, parts)
    assert 0 < together[8, 5] < bars[8, 5] and 0 < together[0, 5] < 0.5
    assert np.allclose(together[2:8], bars[2:8])


def test_one_bar_keeps_its_evidence():
    parts = Parts(np.arange(3), np.arange(1, 4), np.zeros(3, int), np.zeros(3, int))
    evidence = np.random.default_rng(0).random((3, 4))
    assert np.allclose(pooled(evidence, parts), evidence)
