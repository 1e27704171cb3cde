"""Facts about training the shipped networks: what is exported beside the weights."""

import pytest
import torch
from converters import needs_shipped
from training_runs import random_carols

from kcarol.config import AudioConfig, ModelConfig
from kcarol.conversion.converter import Converter
from kcarol.dataset.carols import SUFFIX
from kcarol.dataset.style_references import StyleReferences
from kcarol.model.transformer import MusicTransformer
from kcarol.training.pretraining import build_module, corpus_carols, styles_and_texture


@needs_shipped
def test_styles_and_texture_are_those_that_ship_without_a_synthesiser():
    shipped = Converter.load(device="cpu")
    styles, texture = styles_and_texture(shipped.model)
    assert list(styles) == list(shipped.styles)
    for name, style in styles.items():
        distances = {
            other: float((style.embedding - x.embedding).norm())
            for other, x in shipped.styles.items()
        }
        assert distances.pop(name) < 0.1 * min(distances.values())
    assert (texture / shipped.texture - 1).abs().mean() < 0.05


def test_a_style_has_the_texture_that_playing_its_references_lacks():
    rows = random_carols(2, n_frames=80)
    references = StyleReferences({"choir": rows.log_mel.float()}, {"choir": rows.notes})
    torch.manual_seed(0)
    styles, texture = styles_and_texture(MusicTransformer(ModelConfig.smoke()).eval(), references)
    assert torch.equal(styles["choir"].texture, texture)
    assert texture.shape == (2 * AudioConfig().n_bands,)
    assert texture.mean() == pytest.approx(1.1, abs=0.2)  # the rows are noise of deviation 1


def test_a_folder_without_carols_names_the_way_out(tmp_path):
    with pytest.raises(FileNotFoundError, match="kcarol corpus --carols") as info:
        corpus_carols(tmp_path, AudioConfig(), 10)
    assert SUFFIX in str(info.value)


def test_another_network_is_refused():
    with pytest.raises(
        ValueError, match="expected hearing, player, syllables, vocoder, found 'converter'"
    ):
        build_module("converter", None)
