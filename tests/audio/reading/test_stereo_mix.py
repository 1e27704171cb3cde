"""Any number of channels to two."""

import numpy as np

from kcarol.audio.reading.stereo_mix import stereo_mix


def test_one_channel_is_heard_on_both_sides_and_two_stay_as_they_are():
    sound = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    assert np.array_equal(stereo_mix(sound), sound)
    assert np.array_equal(stereo_mix(sound[:, :1]), sound[:, [0, 0]])


def test_further_channels_are_heard_in_the_middle_without_clipping():
    sound = np.zeros((4, 6), np.float32)
    sound[0] = 1
    sound[1, 0] = sound[2, 1] = sound[3, 2] = 1
    full, left, right, centre = stereo_mix(sound)
    assert np.allclose(full, 1)
    assert left[0] > 0 == left[1] and right[1] > 0 == right[0]
    assert centre[0] == centre[1] > 0
