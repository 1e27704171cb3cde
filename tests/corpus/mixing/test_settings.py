"""Settings of records, drawn."""

import numpy as np

from kcarol.corpus.mixing.settings import MixSettings

DRAWN = [MixSettings.draw(np.random.default_rng(seed)) for seed in range(400)]


def test_drawn_settings_are_those_of_the_seed_and_differ_between_seeds():
    assert MixSettings.draw(np.random.default_rng(3)) == DRAWN[3]
    assert len({settings.room_seed for settings in DRAWN}) == len(DRAWN)


def test_records_are_clean_and_lossy_loud_and_soft_dry_and_wet():
    assert 0.25 < np.mean([settings.codec is not None for settings in DRAWN]) < 0.45
    assert 0.03 < np.mean([settings.send_db < -50 for settings in DRAWN]) < 0.15
    assert 0.01 < np.mean([settings.hum_db > -90 for settings in DRAWN]) < 0.12
    peaks = [settings.peak for settings in DRAWN]
    assert 0.15 <= min(peaks) < 0.2 and 0.9 < max(peaks) <= 1
    assert {len(settings.bus_bells) for settings in DRAWN} == {0, 1, 2, 3}
