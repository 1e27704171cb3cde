"""Facts about parts of beats."""

import numpy as np

from kcarol.transcription.harmony.parts import BAR, BEAT, HALF_BAR, OFF_BEAT, Parts


def parts_of(metre, division, n_bars=2, lead=0):
    n_beats = metre * n_bars
    beats = lead + 30 * np.arange(n_beats)
    full = np.full(n_beats, metre)
    return Parts.of(
        beats, np.arange(n_beats) % metre, full, 0 * full + division, lead + 30 * n_beats
    )


def test_places_in_common_time():
    first_bar = [BAR, OFF_BEAT, BEAT, OFF_BEAT, HALF_BAR, OFF_BEAT, BEAT, OFF_BEAT]
    assert parts_of(4, 2).place[:8].tolist() == first_bar


def test_places_in_three_and_in_compound_time():
    assert parts_of(3, 2).place[:6].tolist() == [BAR, OFF_BEAT, BEAT, OFF_BEAT, BEAT, OFF_BEAT]
    assert parts_of(2, 3).place[:6].tolist() == [
        BAR,
        OFF_BEAT,
        OFF_BEAT,
        HALF_BAR,
        OFF_BEAT,
        OFF_BEAT,
    ]


def test_parts_cover_the_song_and_know_their_bars():
    parts = parts_of(4, 2, lead=11)
    assert parts.starts[0] == 0 and parts.stops[-1] == 251
    assert np.array_equal(parts.starts[1:], parts.stops[:-1])
    assert (np.diff(parts.bar) >= 0).all() and len(np.unique(parts.bar[1:])) == 2


def test_parts_have_their_means():
    parts = Parts(np.array([0, 2]), np.array([2, 3]), np.zeros(2), np.zeros(2))
    mean = parts.means(np.array([[0.0], [1.0], [0.5]]))
    assert mean.dtype == np.float32 and mean[:, 0].tolist() == [0.5, 0.5]
    assert np.isclose(parts.lengths.mean(), 1)
