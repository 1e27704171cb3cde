"""Drawn bands: every instrument, in its range, and no unisons on one instrument."""

from collections import defaultdict

import numpy as np
import pytest

from kcarol.corpus.carol.band import HARDEST, MOST_PLAYERS, SOFTEST, draw_band
from kcarol.model.instruments import INSTRUMENTS
from kcarol.transcription.lead_sheet import Part, Stroke

LENGTH_S = 30.0
BY_NAME = {instrument.name: instrument for instrument in INSTRUMENTS}


@pytest.fixture(scope="module")
def bands():
    rng = np.random.default_rng(0)
    scale = tuple(Stroke(i / 2, 0.7, 50 + i, 60 + i) for i in range(55))
    chords = tuple(Stroke(i, 1.0, pitch, 80) for i in range(28) for pitch in (60, 64, 67, 76))
    lines = [Part("tune0", scale, 73), Part("harmony1", chords, 48)]
    return [draw_band(lines, LENGTH_S, rng) for _ in range(60)]


def test_every_instrument_plays_alone_and_in_company(bands):
    sizes = {len(band) for band in bands}
    assert min(sizes) == 1 and max(sizes) == MOST_PLAYERS
    assert {part.name for band in bands for part in band} == set(BY_NAME)


def test_everyone_plays_what_they_can(bands):
    for part in (part for band in bands for part in band):
        who = BY_NAME[part.name]
        assert part.program == (who.program or 0) and part.pan == who.pan
        for stroke in part.strokes:
            assert who.lowest <= stroke.pitch <= who.highest
            assert SOFTEST <= stroke.velocity <= HARDEST and stroke.length_s > 0


def test_a_note_ends_where_its_key_is_struck_again(bands):
    for part in (part for band in bands for part in band):
        by_key = defaultdict(list)
        for stroke in part.strokes:
            by_key[stroke.pitch].append(stroke)
        for strokes in by_key.values():
            for before, after in zip(strokes, strokes[1:], strict=False):
                assert before.start_s + before.length_s <= after.start_s + 1e-9


def test_without_lines_nobody_plays():
    assert draw_band([], LENGTH_S, np.random.default_rng(0)) == []
