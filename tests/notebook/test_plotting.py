"""Facts about the figures: axes, scales, what is written, and that nothing global is touched."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.notebook import plotting

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
    at = dict(
        zip([text.get_text() for text in axes.get_yticklabels()], axes.get_yticks(), strict=True)
    )
    nearest = round(at["1,000"])
    assert abs(centres[nearest] - 1000) <= 0.51 * (centres[nearest + 1] - centres[nearest - 1]) / 2


def test_long_songs_keep_their_loudest_frames():
    mel = log_mel(3 * plotting.MOST_COLUMNS + 5, -9.0)
    mel[7777] = 1.0
    picture = plotting.log_mel_figure(mel).axes[0].images[0].get_array()
    assert picture.shape[1] <= plotting.MOST_COLUMNS and picture.max() == pytest.approx(
        20 / np.log(10)
    )


@pytest.mark.parametrize("shape", [(0, CFG.n_mels), (10, 3), (10,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected log-mel"):
        plotting.log_mel_figure(np.zeros(shape))


def test_any_file_name_can_be_a_title(tmp_path):
    figure = plotting.pair_figure(
        log_mel(5), log_mel(5), titles=("크리스마스 $10 mix$.mp3", "_a\\b^{.wav")
    )
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
    rows = [
        {"system": "kcarol", "chroma": 0.5, "tune": float("nan")},
        {"system": "copy", "chroma": 1.0},
    ]
    [table] = plotting.table_figure(rows).axes[0].tables
    texts = {place: cell.get_text().get_text() for place, cell in table.get_celld().items()}
    assert texts == {
        (0, 0): "system",
        (0, 1): "chroma",
        (1, 0): "kcarol",
        (1, 1): "0.50",
        (2, 0): "copy",
        (2, 1): "1.00",
    }
    assert table[1, 0].get_facecolor() != table[2, 0].get_facecolor()


def test_smoothing_keeps_constants_and_length():
    assert np.allclose(plotting.smoothed(np.full(50, 3.0), 0.5), 3.0)
    assert plotting.smoothed(np.arange(7.0)).tolist() == list(range(7))


def test_curves_of_a_run_skip_empty_cells(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,own,learning_rate\n1,2.0,,0.1\n2,1.0,0.5,0.1\n")
    curves = plotting.read_curves(path)
    assert set(curves) == {"loss", "own"} and curves["own"][0].tolist() == [2.0]
    assert [line.get_label() for line in plotting.loss_figure(curves).axes[0].lines[1::2]] == [
        "loss",
        "own",
    ]


def test_importing_leaves_matplotlib_as_it_is():
    # "backend" is looked up when it is read, by loading pyplot
    code = (
        "import sys; from matplotlib import rcParams; state = lambda: {k: rcParams[k] for k in rcParams if k != 'backend'}; "
        "before = state(); import kcarol.notebook.plotting; print(before == state(), 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    ).stdout.split() == ["True", "False"]


# --- descriptions, and figures of what is heard


def test_every_figure_describes_itself_in_one_line_and_shows_itself():
    strokes = {"tune": [(0.0, 1.0, 60.0), (1.0, 1.0, 62.0)], "bass": []}
    figures = {
        "waveforms of a (1.0 s, peak 0.50)": plotting.waveforms(
            {"a": np.r_[np.full(16_000, -0.5)]}
        ),
        "log-mel of s (10 frames, 0.2 s): 128 bands, 40 to 8000 Hz": plotting.log_mel_figure(
            log_mel(10), title="s"
        ),
        "curves of loss up to step 9": plotting.loss_figure({"loss": (np.arange(10), np.ones(10))}),
        "table t: 1 rows, columns system": plotting.table_figure([{"system": "copy"}], title="t"),
        "first 2 s of arrangements, pop: 2 parts, 2 strokes": plotting.parts_figure(
            {"pop": strokes}, 2.0
        ),
        "m: a (B, T) -> b (B, F)": plotting.model_figure(
            [("a", "x", "(B, T)"), ("b", "y", "(B, F)")], "m"
        ),
        "p in n: one, two": plotting.bars_figure({"one": 1, "two": 2.5}, "n", "p"),
        "p in n: one; q in m: two": plotting.bar_panels(
            {"p": ("n", {"one": 1}), "q": ("m", {"two": 2.5})}
        ),
        "positional encodings: short 3 x 8": plotting.positions_figure({"short": np.zeros((3, 8))}),
        "chroma and p_carol at 2 strengths from 0 to 1": plotting.strength_figure(
            [0, 1], [1, 0.5], [0.1, 0.9]
        ),
    }
    for expected, figure in figures.items():
        assert plotting.describe(figure) == expected
    assert f'alt="{plotting.describe(figure)}" src="data:image/png;base64,' in figure._repr_html_()


def test_waveform_keeps_its_loudest_sample_and_shares_axes():
    wave = np.zeros(100_000, np.float32)
    wave[54_321] = 0.9
    long, short = plotting.waveforms({"long": wave, "short": wave[:16_000]}).axes
    assert max(
        path.vertices[:, 1].max() for path in long.collections[0].get_paths()
    ) == pytest.approx(0.9)
    assert long.get_xlim() == short.get_xlim() == (0, 6.25)
    with pytest.raises(ValueError, match="at least one wave"):
        plotting.waveforms({})


def heard(n=100):
    tune = np.full(n, -1)
    tune[10:30], tune[30:50], tune[60:70] = 69, 71, 69
    chord = np.zeros((n, 12), bool)
    chord[:50, [0, 4, 7]], chord[50:, [5, 9, 0]] = True, True
    return tune, chord, np.arange(0, n, 10), np.arange(0, n, 40)


def test_tune_lies_over_its_frequency_and_beats_at_their_times():
    tune, chord, beats, downbeats = heard()
    figure = plotting.heard_figure(
        log_mel(100), tune, chord, beats, downbeats, title="x", true_tune=tune
    )
    assert plotting.describe(figure) == "heard in x: 3 tune notes, 2 chords, 10 beats, 3 bars"
    upper, lower = figure.axes
    first = upper.lines[3]  # after the three notes of the true tune
    band = np.interp(440, plotting.mel_centres_hz(CFG), np.arange(CFG.n_mels))
    assert np.allclose(
        first.get_xdata(), [10 / CFG.frame_rate, 30 / CFG.frame_rate]
    ) and np.allclose(first.get_ydata(), band)
    plain, bars = ([line[0, 0] for line in part.get_segments()] for part in lower.collections)
    assert np.allclose(bars, downbeats / CFG.frame_rate) and len(plain) == 7
    assert [text.get_text() for text in upper.get_legend().get_texts()] == [
        "tune, true",
        "tune, heard",
    ]


def test_a_song_without_tune_or_chords_can_be_drawn():
    figure = plotting.heard_figure(
        log_mel(50), np.full(50, -1), np.zeros((50, 12)), np.zeros(0, int), np.zeros(0, int)
    )
    assert plotting.describe(figure) == "heard in the song: 0 tune notes, 0 chords, 0 beats, 0 bars"


def test_features_and_attention_are_checked_and_in_seconds():
    figure = plotting.features_figure(np.zeros((125, CFG.n_features)))
    assert figure.axes[0].images[0].get_extent() == [0, 2.0, CFG.lowest_midi, CFG.highest_midi]
    with pytest.raises(ValueError, match="expected features"):
        plotting.features_figure(np.zeros((5, 3)))
    figure = plotting.attention_figure([np.full((2, 25, 25), 0.04)] * 3, 0.064)
    assert len(figure.axes) == 6 and figure.axes[0].images[0].get_extent() == [0, 1.6, 1.6, 0]
    with pytest.raises(ValueError, match="H, S, S"):
        plotting.attention_figure([np.zeros((2, 3, 4))], 0.064)


def test_bars_stand_side_by_side_each_with_its_unit_and_number():
    left, right = plotting.bar_panels(
        {"time": ("ms", {"fp32": 9.0, "bf16": 8.0}), "memory": ("MB", {"fp32": 2.0})}
    ).axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("ms", "MB")
    assert [bar.get_width() for bar in left.patches] == [9, 8] and [
        text.get_text() for text in left.texts
    ] == ["9", "8"]
    with pytest.raises(ValueError, match="at least one bar"):
        plotting.bar_panels({"time": ("ms", {})})


def test_shapes_stand_over_the_arrows_of_a_model_and_texts_fit_their_boxes():
    figure = plotting.model_figure(
        [(f"name {i}", "sinusoids, any length", "(B, S, 320)") for i in range(6)], "m"
    )
    figure.canvas.draw()
    [axes] = figure.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    works = [
        text.get_window_extent() for text in axes.texts if text.get_text().startswith("sinusoids")
    ]
    assert all(
        box.x0 < text.x0 and text.x1 < box.x1 for box, text in zip(boxes, works, strict=True)
    )
    shapes = [text.get_window_extent() for text in axes.texts if text.get_text().startswith("(B")]
    assert all(
        box.x1 - 15 < shape.x0 and shape.y0 > box.y1
        for box, shape in zip(boxes, shapes, strict=True)
    )


def test_figures_of_unequal_strengths_are_refused():
    with pytest.raises(ValueError, match="as many figures"):
        plotting.strength_figure([0, 1], [1], [0, 1])


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return float(
        np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        @ [0.2126, 0.7152, 0.0722]
    )


def test_lines_differ_by_more_than_hue():
    curves = {str(i): (np.arange(3), np.ones(3) + i) for i in range(10)}
    lines = plotting.loss_figure(curves).axes[0].lines[1::2]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10
    both = plotting.strength_figure([0, 1], [1, 0.5], [0.1, 0.9]).axes[0].lines
    assert (
        both[0].get_marker() != both[1].get_marker()
        and both[0].get_linestyle() != both[1].get_linestyle()
    )
    # tune, true and heard, without hue
    assert abs(luminance(plotting.YELLOW) - luminance(plotting.VERMILION)) > 0.4


def test_few_colours_make_a_small_picture_that_looks_the_same(tmp_path):
    from matplotlib.image import imread

    mel = np.random.default_rng(0).normal(-3, 1, (200, CFG.n_mels)).astype(np.float32)
    whole, small = (
        plotting.save(plotting.log_mel_figure(mel), tmp_path / f"{n}.png", 60, n)
        for n in (None, 64)
    )
    assert small.stat().st_size < 0.6 * whole.stat().st_size
    assert np.abs(imread(whole)[..., :3] - imread(small)[..., :3]).mean() < 0.03
