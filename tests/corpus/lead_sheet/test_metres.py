"""The metres of composed songs."""

import numpy as np
import pytest

from kcarol.corpus.lead_sheet.metres import METRES, composed_accents


def test_the_metres_of_the_table_are_whole_and_their_shares_sum_to_one():
    assert sum(kind.share for kind in METRES.values()) == pytest.approx(1)
    for kind in METRES.values():
        assert kind.to and set(kind.to) <= set(METRES)
        assert {len(groove) for groove in kind.accents} == {kind.beats * kind.division}
        assert all(0 <= accent <= 1 for groove in kind.accents for accent in groove)


@pytest.mark.parametrize("name", METRES)
def test_tempi_stay_in_the_range_of_their_metre(name):
    rng = np.random.default_rng(0)
    tempi = [METRES[name].draw_tempo(rng) for _ in range(200)]
    low, high = METRES[name].tempi
    assert (
        low <= min(tempi) < low + (high - low) / 3 and high - (high - low) / 2 < max(tempi) <= high
    )


def test_a_metre_without_grooves_of_its_own_is_struck_on_its_beats():
    assert composed_accents(6) == [(1.0, 0.2, *(0.6, 0.2) * 5)]
    assert composed_accents(5, 3)[0][:4] == (1.0, 0.2, 0.2, 0.6)
