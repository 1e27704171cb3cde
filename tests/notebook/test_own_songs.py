"""The notebooks of somebody who put songs and a carol of their own in place of the demo songs."""

import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
import torch

from kcarol.config import ModelConfig, VocoderConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.styles import STYLE_NAMES
from kcarol.model.transformer import MusicTransformer
from kcarol.vocoder.neural import NeuralVocoder

ROOT = Path(__file__).resolve().parents[2]
SONGS = ("album - 1", "Zebra", "노래", "b", "c", "d")
CUT = "(cut).mp3"  # the first of all, which cannot be read
LENGTH_S = 17.0


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which data/raw holds other songs, cut from the packaged pairs,
    and a file that cannot be read.
    """
    root = tmp_path_factory.mktemp("own")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in ("pairs", "demo_carols"):
        (root / "data").mkdir(exist_ok=True)
        (root / "data" / name).symlink_to(ROOT / "data" / name)
    pops = sorted((ROOT / "data/pairs").glob("*.pop.ogg"))[: len(SONGS)]
    carol = ROOT / "data/pairs/choir-1-0.carol.ogg"
    targets = [root / f"data/raw/kpop/{name}.wav" for name in SONGS]
    targets.append(root / "data/raw/carol/mine.flac")
    for source, target in zip([*pops, carol], targets, strict=True):
        wave, rate = soundfile.read(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, np.resize(wave, round(LENGTH_S * rate)), rate)
    (root / f"data/raw/kpop/{CUT}").write_bytes(b"no sound")
    return root


def small_converter(*_, **__):
    """Tiny untrained networks: whether cells run does not depend on what they sound like."""
    torch.manual_seed(0)
    model = MusicTransformer(ModelConfig.smoke())
    styles = {name: torch.randn(model.cfg.d_style) for name in STYLE_NAMES}
    return Converter(model, NeuralVocoder(VocoderConfig.smoke()), styles, 512)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("01_preprocess", "7 done"),
        ("02_model", "transcription of Zebra"),
        ("04_eval", "Zebra: as many samples as the song: True"),
    ],
)
def test_runs_with_other_songs_and_says_where_answers_are_from(
    name, said, project, monkeypatch, capsys
):
    pytest.importorskip("ipywidgets", reason="needs ipywidgets: pip install 'kcarol[notebooks]'")
    from IPython.display import display

    monkeypatch.chdir(project / "notebooks")
    monkeypatch.setenv("KCAROL_SMOKE", "1")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(Converter, "load", small_converter)
    book = nbformat.read(f"{name}.ipynb", as_version=4)
    namespace = {"display": display}
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{name}, cell {number}", "exec"), namespace)
    printed = capsys.readouterr().out
    assert said in printed and f"passed over: {CUT}" in printed
    assert "pairs of data/pairs, as the demo songs are not here" in printed
