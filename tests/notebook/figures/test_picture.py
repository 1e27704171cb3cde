"""Facts about pictures: they describe themselves, are saved whole, and touch nothing global."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.image import imread

from kcarol.config import AudioConfig
from kcarol.notebook import figures
from kcarol.notebook.figures import Picture
from kcarol.notebook.figures.picture import PRINTED_COLUMNS, VERMILION, YELLOW

CFG = AudioConfig()


def log_mel(n_frames=5, level=-3.0):
    return np.full((n_frames, CFG.n_mels), level, np.float32)


def test_every_figure_describes_itself_in_one_line():
    notes = {"tune": [(0.0, 1.0, 60.0), (1.0, 1.0, 62.0)], "bass": []}
    stages = [("a", "x", "(B, T)"), ("b", "y", "(B, F)")]
    pictures = {
        "waveforms of a (1.0 s, peak 0.50)": figures.waveforms({"a": np.full(16_000, -0.5)}),
        "log-mel of s (10 frames, 0.2 s): 128 bands, 40 to 8000 Hz": figures.spectrograms(
            {"s": log_mel(10)}
        ),
        "curves of loss up to step 9": figures.losses({"loss": (np.arange(10), np.ones(10))}),
        "table t: 1 rows, columns system": figures.table([{"system": "copy"}], title="t"),
        "first 2 s of arrangements, pop: 2 parts, 2 notes": figures.piano_rolls({"pop": notes}, 2),
        "m: a (B, T) -> b (B, F)": figures.architecture(stages, "m"),
        "p in n: one; q in m: two": figures.bars(
            {"p": ("n", {"one": 1}), "q": ("m", {"two": 2.5})}
        ),
        "positional encodings: short 3 x 8": figures.positional_encodings(
            {"short": np.zeros((3, 8))}
        ),
        "chroma and p_carol at 2 strengths from 0 to 1": figures.content_against_style(
            [0, 1], [1, 0.5], [0.1, 0.9]
        ),
    }
    assert list(pictures) == [picture.description for picture in pictures.values()]


def test_a_notebook_shows_the_picture_with_its_description_as_alternative_text():
    page = Picture('a "quoted"\n text', (2, 1))._repr_html_()
    assert 'alt="a &quot;quoted&quot; text" src="data:image/png;base64,' in page


def test_show_prints_lines_that_jupyterlab_does_not_break(capsys, monkeypatch):
    pytest.importorskip("IPython", reason="needs IPython: pip install 'kcarol[notebooks]'")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    names = [f"a very long-named sound {i}" for i in range(20)]
    picture = Picture(f"log-mel of {', '.join(names)}", (2, 1))
    figures.show(picture)
    printed = capsys.readouterr().out.splitlines()
    assert shown == [picture] and repr(picture) == picture.description
    assert len(printed) > 3 and max(map(len, printed)) <= PRINTED_COLUMNS
    assert " ".join(printed) == picture.description


def test_any_file_name_can_be_a_title(tmp_path):
    names = ("크리스마스 $10 mix$.mp3", "_a\\b^{.wav")
    picture = figures.spectrograms({name: log_mel() for name in names})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert figures.save(picture, tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_saves_as_the_ending_says(tmp_path, kind):
    path = figures.save(Picture("x", (2, 1)), tmp_path / f"a.{kind}")
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind]
    assert path.read_bytes().startswith(start)


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="picture's name"):
        figures.save(Picture("x", (2, 1)), tmp_path / "a.bmp")


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = figures.save(Picture("x", (2, 1)), tmp_path / "a.pdf")
    before = path.read_bytes()

    def half(self, target, **_):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Picture, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        figures.save(Picture("x", (2, 1)), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_palette_makes_a_small_file_that_looks_the_same(tmp_path):
    noise = np.random.default_rng(0).normal(-3, 1, (200, CFG.n_mels)).astype(np.float32)
    picture = figures.spectrograms({"": noise})
    whole = figures.save(picture, tmp_path / "whole.png", 60)
    small = figures.save(picture, tmp_path / "small.png", 60, colours=64)
    assert small.stat().st_size < 0.6 * whole.stat().st_size
    assert np.abs(imread(whole)[..., :3] - imread(small)[..., :3]).mean() < 0.03


def test_importing_leaves_matplotlib_as_it_is():
    # "backend" is looked up when it is read, by loading pyplot
    code = """
import sys
from matplotlib import rcParams
def state():
    return {key: rcParams[key] for key in rcParams if key != "backend"}
before = state()
import kcarol.notebook.figures
print(before == state(), "matplotlib.pyplot" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.split() == ["True", "False"]


def luminance(colour):
    """Relative luminance of #RRGGBB, WCAG 2."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    dark = channels <= 0.04045
    linear = np.where(dark, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_true_and_heard_tune_differ_without_hue():
    assert abs(luminance(YELLOW) - luminance(VERMILION)) > 0.4
