"""Facts about the project's own pictures: drawn from what is in the repository, by one command."""

from pathlib import Path

import numpy as np
import pytest
import torch

from kcarol.cli import main as cli
from kcarol.config import ModelConfig
from kcarol.conversion.converter import STYLE_NAMES, Converter
from kcarol.model.transformer import MusicTransformer
from kcarol.notebook import project_figures as figures
from kcarol.vocoder.neural import GriffinLim, NeuralVocoder

DATA = Path(__file__).resolve().parents[2] / "data"


def small_converter(vocoder=None):
    from kcarol.config import VocoderConfig

    torch.manual_seed(0)
    model = MusicTransformer(ModelConfig.smoke())
    styles = {name: torch.randn(model.cfg.d_style) for name in STYLE_NAMES[:2]}
    return Converter(model, vocoder or NeuralVocoder(VocoderConfig.smoke()), styles, 512)


def test_all_parameters_are_counted_once():
    model = MusicTransformer(ModelConfig.smoke())
    assert sum(figures.parameter_counts(model).values()) == sum(
        p.numel() for p in model.parameters()
    )


def test_stages_say_the_shapes_of_the_configuration():
    stages = {
        name: shape for name, _, shape in figures.model_stages(ModelConfig(n_hearing_layers=5))
    }
    assert (
        stages["5 layers hear"] == "(B, S, 320)"
        and stages["linear"] == "(B, F, 128)"
        and "1 layers play" in stages
    )


def test_the_carol_plays_the_tune_of_the_lead_sheet_and_the_bands_solo_on_the_songs_time_grid():
    sheet, found = figures.sheet_of(figures.SONG), figures.arrangements(figures.SONG)
    assert list(found) == ["pop", "carol, bells"]
    tune, sung_from_s = (
        found["carol, bells"]["tune0"],
        min(start for start, *_ in found["pop"]["lead"]) - 0.1,
    )
    solo, sung = [
        [note for note in tune if (note[0] >= sung_from_s) is later] for later in (False, True)
    ]
    assert len(sung) == len(sheet.notes) and len(solo) > 0
    assert {
        round(pitch - note.pitch) % 12
        for (_, _, pitch), note in zip(sung, sheet.notes, strict=True)
    } == {0}
    for mine, its in ((sung, "lead"), (solo, "solo")):
        assert (
            np.median(
                [min(abs(start - other) for other, *_ in found["pop"][its]) for start, *_ in mine]
            )
            < 0.05
        )


def test_attention_of_a_window_sums_to_one():
    wave = np.random.default_rng(0).normal(0, 0.1, 3 * 16_000).astype(np.float32)
    weights = figures.attention_weights(small_converter(), wave)
    assert [layer.shape for layer in weights] == [(8, 47, 47)] * ModelConfig().n_hearing_layers
    assert np.allclose([layer.sum(-1) for layer in weights], 1, atol=1e-5)


def test_resynthesis_is_as_long_as_the_carol():
    wave = np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32)
    found = figures.resynthesised(wave, small_converter(GriffinLim(iterations=2)))
    assert list(found) == ["carol", "vocoder", "Griffin-Lim"] and {
        len(sound) for sound in found.values()
    } == {8_000}


def test_all_pictures_are_drawn_and_heard_from_data_and_weights(tmp_path):
    written = list(figures.write_all(tmp_path, DATA, small_converter()))
    names = {path.name for path in written}
    assert {
        "pair.png",
        "heard.png",
        "model.png",
        "vocoder.png",
        "strength.png",
        "song.mp3",
        "carol.mp3",
    } <= names
    assert names == {path.name for path in tmp_path.iterdir()}
    assert all(2_000 < path.stat().st_size < 600_000 for path in written)


def test_the_command_without_files_draws_them_and_says_what_it_wrote(tmp_path, monkeypatch, capsys):
    seen = {}
    monkeypatch.setattr(
        figures, "write_all", lambda out: seen.setdefault("out", out) and [out / "pair.png"]
    )
    assert cli.main(["figures", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "pair.png") and seen["out"] == tmp_path


def test_a_missing_demo_set_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="snowlit-signal.mp3 or .ogg"):
        figures.demo_song(figures.SONG, tmp_path)
    with pytest.raises(KeyError):
        figures.sheet_of("No Such Song")
