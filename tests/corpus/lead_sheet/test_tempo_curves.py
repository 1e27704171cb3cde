"""Tempo curves."""

import numpy as np
import pytest
from metres import changing_sheet, sheet_in

from kcarol.corpus.lead_sheet import tempo_curves
from kcarol.corpus.lead_sheet.tempo_curves import CURVES, FASTEST_BPM, SLOWEST_BPM, draw_grid

SHEET = sheet_in(4, 2, n_bars=12, tempo_bpm=110.0)


def tempi(grid) -> np.ndarray:
    """(n_beats,) beats a minute, pauses left out."""
    pauses_s = 0 if grid.pauses_s is None else grid.pauses_s
    return 60 / (np.diff(grid.beat_times_s) - pauses_s)


@pytest.fixture(scope="module")
def grids():
    return [draw_grid(SHEET, np.random.default_rng(seed)) for seed in range(300)]


def test_six_songs_in_ten_keep_their_tempo_and_plain_ones_all(grids):
    def is_steady(grid):
        return np.ptp(tempi(grid)) < 0.12 * 110 and grid.pauses_s is None

    assert 0.5 < np.mean([is_steady(grid) for grid in grids]) < 0.7
    plain = [draw_grid(SHEET, np.random.default_rng(seed), plain=True) for seed in range(100)]
    assert all(map(is_steady, plain))


def test_tempi_stay_within_what_is_played_and_their_mean_near_the_sheets(grids):
    for grid in grids:
        assert len(grid.beat_times_s) == 49 and grid.beat_times_s[0] == 0
        assert SLOWEST_BPM - 1e-6 <= tempi(grid).min() and tempi(grid).max() <= FASTEST_BPM + 1e-6
        pauses_s = 0 if grid.pauses_s is None else grid.pauses_s.sum()
        assert grid.length_s - pauses_s == pytest.approx(SHEET.length_s, rel=0.06)


def test_some_songs_pause_at_a_border_for_up_to_three_seconds(grids):
    pausing = [grid for grid in grids if grid.pauses_s is not None and grid.pauses_s.any()]
    assert 0.03 < len(pausing) / len(grids) < 0.15
    for grid in pausing:
        after = np.flatnonzero(grid.pauses_s) + 1
        assert np.all(after % 4 == 0) and after.max() < 48
        assert 0.4 <= grid.pauses_s[after - 1].min() and grid.pauses_s.max() <= 3.0


@pytest.mark.parametrize("curve", CURVES)
def test_each_curve_has_a_tempo_for_every_beat(curve):
    for seed in range(20):
        tempo = curve(changing_sheet(), np.random.default_rng(seed))
        assert tempo.shape == (60,) and tempo.min() > 0.1


def test_steps_are_at_borders_glides_are_monotonous_and_fermatas_last():
    rng = np.random.default_rng(0)
    sheet = changing_sheet()
    steps = [np.flatnonzero(np.diff(tempo_curves._steps(sheet, rng))) + 1 for _ in range(20)]
    assert {int(beat) for found in steps for beat in found} == {16, 44}
    glide = np.diff(tempo_curves._glide(sheet, rng))
    assert np.all(glide >= 0) or np.all(glide <= 0)
    slowest = [tempo_curves._ritardando(sheet, rng).min() for _ in range(40)]
    assert min(slowest) < 0.45 and max(slowest) < 0.9
