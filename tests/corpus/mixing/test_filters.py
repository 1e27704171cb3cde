"""Bells and shelves."""

import numpy as np
import pytest
from sung_notes import RATE

from kcarol.corpus.mixing.filters import filter_sections, peaking_section, shelf_section


@pytest.mark.parametrize("gain_db", [-9.0, 6.0])
def test_peaking_eq_and_shelves_have_their_gain(gain_db):
    def gain_at(filtered: np.ndarray, hz: float) -> float:
        return 20 * np.log10(np.abs(np.fft.rfft(filtered))[int(hz)])  # one second: a bin is 1 Hz

    impulse = np.zeros(RATE, np.float32)
    impulse[0] = 1
    bell = filter_sections(impulse, [peaking_section(RATE, 1000, gain_db, 1.4)])
    high = filter_sections(impulse, [shelf_section(RATE, 2000, gain_db, high=True)])
    low = filter_sections(impulse, [shelf_section(RATE, 500, gain_db, high=False)])
    assert np.allclose(
        [gain_at(bell, 1000), gain_at(high, 7900), gain_at(low, 10)], gain_db, atol=0.2
    )
    assert np.allclose([gain_at(high, 2000), gain_at(low, 500)], gain_db / 2, atol=0.2)
    assert np.allclose([gain_at(bell, 20), gain_at(high, 50), gain_at(low, 7000)], 0, atol=0.2)
