"""Synthesiser patches: how they are drawn."""

import numpy as np

from kcarol.corpus.synthesis.patches import ROLE_KINDS, Patch
from kcarol.corpus.tables import read_table


def test_all_kinds_are_drawn():
    rng = np.random.default_rng(0)
    kinds = {Patch.draw(rng, role).kind for role in (*ROLE_KINDS, "other") for _ in range(150)}
    assert kinds == set(read_table("synthesis", "patches.ini").sections())
