"""What the sections of a composed song share."""

from collections import Counter

import numpy as np
import pytest

from kcarol.corpus.lead_sheet.composed_song import draw_song
from kcarol.corpus.lead_sheet.metres import METRES


@pytest.fixture(scope="module")
def songs():
    return [draw_song(np.random.default_rng(seed), False, "ivcb") for seed in range(800)]


def test_metres_are_drawn_by_their_shares(songs):
    found = Counter((song.metre.kind.beats, song.metre.kind.division) for song in songs)
    for kind in METRES.values():
        share = found[kind.beats, kind.division] / len(songs)
        assert share == pytest.approx(kind.share, abs=0.05) and share > 0


def test_another_section_has_a_metre_that_its_song_may_change_to(songs):
    changing = [song for song in songs if song.others]
    assert 0.08 < len(changing) / len(songs) < 0.16
    for song in changing:
        for letter, other in song.others.items():
            assert letter in "vcb"
            assert other.kind in [METRES[name] for name in song.metre.kind.to]


def test_compound_time_is_not_swung_and_its_tune_moves_in_thirds(songs):
    compound = [song for song in songs if song.metre.kind.division == 3]
    assert all(song.sheet.swing == 0 and song.tune.grid in (2, 4, 12) for song in compound)
