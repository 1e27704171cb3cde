"""Facts about the converter's weights file."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from converters import make_converter, needs_shipped, song

from kcarol.config import ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import CONVERTER_FILE, VOCODER_FILE, save_converter, shipped_weights
from kcarol.model.transformer import MusicTransformer
from kcarol.model.weights_file import WeightsError, save_module


@pytest.fixture(scope="module")
def converter():
    return make_converter()


def test_saved_weights_convert_as_the_originals(converter, tmp_path):
    save_converter(tmp_path / CONVERTER_FILE, converter.model, converter.styles, 128, {"steps": 0})
    converter.vocoder.save(tmp_path / VOCODER_FILE)
    wave = song()
    for place in (tmp_path, tmp_path / CONVERTER_FILE):
        loaded = Converter.load(place, "cpu")
        assert loaded.window_frames == 128 and list(loaded.styles) == ["bells", "choir"]
        transcription = converter.transcribe(wave)
        difference = loaded.predicted_mel(transcription, "choir") - converter.predicted_mel(
            transcription, "choir"
        )
        assert difference.abs().mean() < 0.02  # half precision


def test_weights_of_a_player_that_read_no_notes_are_refused_in_one_line(tmp_path):
    old = MusicTransformer(ModelConfig.smoke())
    old.cfg = replace(old.cfg, n_bands=0)
    save_module(tmp_path / CONVERTER_FILE, old, old.cfg, {"window_frames": 64, "styles": {}})
    with pytest.raises(WeightsError, match="of an earlier kcarol: train them again") as raised:
        Converter.load(tmp_path, "cpu")
    assert "\n" not in str(raised.value)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        Converter.load(tmp_path, "cpu")


def test_styles_with_their_own_post_filter_are_saved_and_loaded(tmp_path, converter):
    own = converter.measure_style(song())
    styles = converter.styles | {"own": own}
    save_converter(tmp_path / CONVERTER_FILE, converter.model, styles, 64, {})
    loaded = Converter.load(tmp_path / CONVERTER_FILE, "cpu", vocoder="griffin-lim")
    assert loaded.styles["own"].arrangement == own.arrangement
    for name in ("embedding", "balance", "stretch"):
        assert torch.allclose(getattr(loaded.styles["own"], name), getattr(own, name), atol=1e-4), (
            name
        )
    assert loaded.styles["bells"].balance is None and loaded.styles["bells"].texture is None


@needs_shipped
def test_each_shipped_file_is_below_24_mib_and_all_are_below_40():
    sizes = {
        path.name: Path(path).stat().st_size for path in shipped_weights().glob("*.safetensors")
    }
    assert sizes and max(sizes.values()) < 24 * 2**20 and sum(sizes.values()) < 40 * 2**20
