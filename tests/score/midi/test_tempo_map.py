import numpy as np

from kcarol.score.midi.tempo_map import TempoMap


def test_rounded_tempi_do_not_add_up():
    rng = np.random.default_rng(0)
    times_s = np.append(0, np.cumsum(rng.uniform(0.3, 0.7, 2000)))  # a quarter of an hour
    ticks = 960 * np.arange(2001)
    tempo_map = TempoMap.through(ticks.tolist(), times_s.tolist())
    assert np.abs(tempo_map.time_s(ticks[:-1]) - times_s[:-1]).max() < 1e-6


def test_ticks_and_times_are_inverse():
    tempo_map = TempoMap.through([0, 960, 1920], [0.0, 0.5, 1.5])
    ticks = np.arange(0, 3000, 7)
    np.testing.assert_array_equal(tempo_map.tick(tempo_map.time_s(ticks)), ticks)
    assert tempo_map.tick(-1.0) == 0


def test_the_last_tempo_goes_on():
    tempo_map = TempoMap.through([0, 960, 1920], [0.0, 0.5, 1.5])
    assert tempo_map.time_s(2880) == 2.5
