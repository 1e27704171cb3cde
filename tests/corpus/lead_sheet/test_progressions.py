"""Chord progressions."""

import numpy as np
import pytest

from kcarol.corpus.lead_sheet.chords import parse_chord
from kcarol.corpus.lead_sheet.progressions import common_progressions, draw_progression


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_progressions_are_readable_and_varied(mode):
    assert len(set(common_progressions(mode))) >= 35
    rng = np.random.default_rng(0)
    drawn = {tuple(draw_progression(rng, mode)) for _ in range(400)}
    assert all(parse_chord(symbol) for chords in drawn for symbol in chords)
    assert len(drawn) > 100
