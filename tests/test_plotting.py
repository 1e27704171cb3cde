"""Facts about the figures: axes, scales, what is written, and that nothing global is touched."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from kcarol import plotting
from kcarol.config import AudioConfig

CFG = AudioConfig()


def log_mel(n_frames, level=-3.0):
    return np.full((n_frames, CFG.n_mels), level, np.float32)


def test_pair_shares_colours_and_seconds():
    figure = plotting.pair_figure(log_mel(125, 0.0), log_mel(250, -2.0))
    upper, lower = figure.axes[:2]
    assert upper.images[0].get_clim() == lower.images[0].get_clim() == (-plotting.RANGE_DB, 0.0)
    assert upper.get_xlim() == lower.get_xlim() == (0, 250 / CFG.frame_rate)
    assert upper.images[0].get_extent()[1] == 125 / CFG.frame_rate
    assert np.allclose(lower.images[0].get_array(), -2 * 20 / np.log(10))


def test_a_band_lies_at_its_frequency():
    centres = plotting.mel_centres_hz(CFG)
    assert (np.diff(centres) > 0).all() and CFG.f_min_hz < centres[0] and centres[-1] < CFG.f_max_hz
    axes = plotting.log_mel_figure(log_mel(10)).axes[0]
    at = dict(zip([text.get_text() for text in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert abs(centres[round(at["1,000"])] - 1000) < 15


def test_long_songs_keep_their_loudest_frames():
    mel = log_mel(3 * plotting.MOST_COLUMNS + 5, -9.0)
    mel[7777] = 1.0
    picture = plotting.log_mel_figure(mel).axes[0].images[0].get_array()
    assert picture.shape[1] <= plotting.MOST_COLUMNS and picture.max() == pytest.approx(20 / np.log(10))


@pytest.mark.parametrize("shape", [(0, CFG.n_mels), (10, 3), (10,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected log-mel"):
        plotting.log_mel_figure(np.zeros(shape))


def test_any_file_name_can_be_a_title(tmp_path):
    figure = plotting.pair_figure(log_mel(5), log_mel(5), titles=("크리스마스 $10 mix$.mp3", "_a\\b^{.wav"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plotting.save(figure, tmp_path / "a.png").stat().st_size > 1000


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    plotting.save(plotting.log_mel_figure(log_mel(5)), path)
    before = path.read_bytes()

    def half(self, name, **_):
        name.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(plotting.FigureCanvasAgg, "print_figure", half)
    with pytest.raises(OSError, match="disk full"):
        plotting.save(plotting.log_mel_figure(log_mel(5)), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="picture's name"):
        plotting.save(plotting.log_mel_figure(log_mel(5)), tmp_path / "a.bmp")


def test_table_marks_ours_and_leaves_empty_columns_out():
    rows = [{"system": "kcarol", "chroma": 0.5, "tune": float("nan")}, {"system": "copy", "chroma": 1.0}]
    [table] = plotting.table_figure(rows).axes[0].tables
    texts = {place: cell.get_text().get_text() for place, cell in table.get_celld().items()}
    assert texts == {(0, 0): "system", (0, 1): "chroma", (1, 0): "kcarol", (1, 1): "0.50", (2, 0): "copy", (2, 1): "1.00"}
    assert table[1, 0].get_facecolor() != table[2, 0].get_facecolor()


def test_smoothing_keeps_constants_and_length():
    assert np.allclose(plotting.smoothed(np.full(50, 3.0), 0.5), 3.0)
    assert plotting.smoothed(np.arange(7.0)).tolist() == list(range(7))


def test_curves_of_a_run_skip_empty_cells(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,own,learning_rate\n1,2.0,,0.1\n2,1.0,0.5,0.1\n")
    curves = plotting.read_curves(path)
    assert set(curves) == {"loss", "own"} and curves["own"][0].tolist() == [2.0]
    assert [line.get_label() for line in plotting.loss_figure(curves).axes[0].lines[1::2]] == ["loss", "own"]


def test_importing_leaves_matplotlib_as_it_is():
    # "backend" is looked up when it is read, by loading pyplot
    code = "import sys; from matplotlib import rcParams; state = lambda: {k: rcParams[k] for k in rcParams if k != 'backend'}; " \
           "before = state(); import kcarol.plotting; print(before == state(), 'matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["True", "False"]
