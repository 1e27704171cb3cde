"""Style in full band and stereo."""

import numpy as np
import pytest

from kcarol.evaluation.metrics import full_band
from kcarol.evaluation.metrics.full_band import FullBandReference, full_band_windows

RATE = full_band.FULL_RATE
SIDE = slice(full_band.N_BAND_VALUES, full_band.N_BAND_VALUES + 5)
COHERENCE = slice(full_band.N_BAND_VALUES + 5, None)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).standard_normal((2, 25 * RATE)).astype(np.float32)


def test_there_is_a_window_for_every_ten_seconds_that_sound_but_not_for_the_last_five(noise):
    assert full_band_windows(noise).shape == (2, full_band.N_VALUES)
    assert full_band_windows(np.zeros_like(noise)).shape == (0, full_band.N_VALUES)


def test_windows_do_not_depend_on_the_level(noise):
    assert full_band_windows(noise[:, : 10 * RATE] * 0.01) == pytest.approx(
        full_band_windows(noise[:, : 10 * RATE]), abs=0.01
    )


def test_independent_channels_have_a_side_as_loud_as_the_middle_and_no_coherence(noise):
    row = full_band_windows(noise)[0]
    assert row[SIDE] == pytest.approx(np.zeros(5), abs=0.3)
    assert row[COHERENCE].max() < 0.05


def test_equal_channels_are_coherent_and_have_no_side(noise):
    row = full_band_windows(np.stack([noise[0], noise[0]]))[0]
    assert row[SIDE].max() < -60
    assert row[COHERENCE] == pytest.approx(np.ones(5))


def test_carols_are_near_carols_and_pop_is_as_far_as_pop():
    rng = np.random.default_rng(1)
    pop, carol = (rng.normal(mean, 1, (40, full_band.N_VALUES)) for mean in (0, 2))
    reference = FullBandReference(pop, carol)
    assert reference.style_full(pop) == pytest.approx(1)
    assert reference.style_full(carol) == 0
    assert reference.style_full(carol[:20]) < 0.1


def test_a_file_of_other_statistics_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", pop=np.zeros((3, 69)), carol=np.zeros((3, 69)))
    with pytest.raises(ValueError, match="expected pop and carol of 45 values"):
        FullBandReference.load(tmp_path / "other.npz")
