"""Facts about spectrograms: axes, colours, and what of a long song is drawn."""

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook import figures
from kcarol.notebook.figures.spectrograms import (
    MAX_COLUMNS,
    RANGE_DB,
    band_of,
    centres_hz,
    tune_notes,
)

CFG = AudioConfig()


def log_mel(n_frames, level=-3.0):
    return np.full((n_frames, CFG.n_mels), level, np.float32)


def test_a_pair_shares_colours_and_seconds():
    picture = figures.spectrograms({"song": log_mel(125, 0.0), "carol": log_mel(250, -2.0)})
    upper, lower = picture.axes[:2]
    assert upper.images[0].get_clim() == lower.images[0].get_clim() == (-RANGE_DB, 0.0)
    assert upper.get_xlim() == lower.get_xlim() == (0, 250 / CFG.frame_rate)
    assert upper.images[0].get_extent()[1] == 125 / CFG.frame_rate
    assert np.allclose(lower.images[0].get_array(), -2 * 20 / np.log(10))


def test_a_band_lies_at_its_frequency():
    centres = centres_hz()
    assert (np.diff(centres) > 0).all() and CFG.f_min_hz < centres[0]
    assert centres[CFG.n_mels - 1] < CFG.f_max_hz < centres[CFG.n_mels]
    axes = figures.spectrograms({"": log_mel(10)}).axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    band = round(axes.get_yticks()[labels.index("1,000")])
    assert abs(centres[band] - 1000) <= 0.51 * (centres[band + 1] - centres[band - 1]) / 2


def test_the_treble_is_drawn_where_it_is_known():
    low, full = log_mel(10), np.full((10, CFG.n_bands), -3.0, np.float32)
    assert figures.spectrograms({"": low}).description.endswith("128 bands, 40 to 8000 Hz")
    picture = figures.spectrograms({"song": low, "carol": full})
    assert picture.description.endswith("140 bands, 40 to 20000 Hz")
    above = [axes.images[0].get_extent()[3] for axes in picture.axes[:2]]
    assert above == [CFG.n_mels - 0.5, CFG.n_bands - 0.5]


def test_long_songs_keep_their_loudest_frames():
    mel = log_mel(3 * MAX_COLUMNS + 5, -9.0)
    mel[7777] = 1.0
    drawn = figures.spectrograms({"": mel}).axes[0].images[0].get_array()
    assert drawn.shape[1] <= MAX_COLUMNS and drawn.max() == pytest.approx(20 / np.log(10))


@pytest.mark.parametrize("shape", [(0, CFG.n_mels), (10, 3), (10,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected log-mel"):
        figures.spectrograms({"": np.zeros(shape)})


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one log-mel"):
        figures.spectrograms({})


def test_a_tune_is_drawn_note_by_note_at_its_frequency():
    tune = np.full(100, -1)
    tune[10:30], tune[30:50], tune[60:70] = 69, 71, 69
    assert tune_notes(tune) == [(10, 30, 69), (30, 50, 71), (60, 70, 69)]
    picture = figures.spectrograms({"a": log_mel(100), "b": log_mel(100)}, tune)
    for axes in picture.axes[:2]:
        (start, band), (stop, _) = axes.collections[0].get_segments()[0]
        assert (start, stop) == pytest.approx((10 / CFG.frame_rate, 30 / CFG.frame_rate))
        assert band == pytest.approx(band_of([440])[0])
