"""Facts about waveforms and features as they are drawn."""

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook import figures

CFG = AudioConfig()


def test_a_waveform_keeps_its_loudest_sample_and_shares_axes():
    wave = np.zeros(100_000, np.float32)
    wave[54_321] = 0.9
    long, short = figures.waveforms({"long": wave, "short": wave[:16_000]}).axes
    peak = max(path.vertices[:, 1].max() for path in long.collections[0].get_paths())
    assert peak == pytest.approx(0.9)
    assert long.get_xlim() == short.get_xlim() == (0, 6.25)
    with pytest.raises(ValueError, match="at least one wave"):
        figures.waveforms({})


def test_features_are_drawn_by_seconds_and_pitch():
    picture = figures.features(np.zeros((125, CFG.n_features)))
    extent = picture.axes[0].images[0].get_extent()
    assert extent == [0, 2.0, CFG.lowest_midi, CFG.highest_midi]
    with pytest.raises(ValueError, match="expected features"):
        figures.features(np.zeros((5, 3)))
