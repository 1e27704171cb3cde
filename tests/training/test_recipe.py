"""The recipe in smoke size: every stage leaves what the next one needs, and is not done twice."""

from dataclasses import replace

import pytest
from converters import needs_shipped

from kcarol.config import Config
from kcarol.conversion.converter import Converter
from kcarol.conversion.weights import CONVERTER_FILE
from kcarol.corpus.carol import single_notes
from kcarol.corpus.dataset.pairs import missing
from kcarol.model.instruments import INSTRUMENTS
from kcarol.training.recipe import Recipe, Stage, follow_recipe, stages_of

CFG = Config.smoke().with_train(batch_size=2, window_frames=64)
NAMES = ["pairs", "hearing", "sung", "syllables", "carols", "bank", "player", "vocoder"]


def test_the_stages_are_in_the_order_of_need(tmp_path):
    stages = list(stages_of(tmp_path, CFG, Recipe(), None, 1, "cpu"))
    assert [stage.name for stage in stages] == NAMES
    assert all(stage.expected_hours > 0 for stage in stages)


def test_hearing_that_is_given_is_not_trained(tmp_path):
    stages = stages_of(tmp_path, CFG, Recipe(), tmp_path / CONVERTER_FILE, 1, "cpu")
    assert [stage.name for stage in stages] == [name for name in NAMES if name != "hearing"]


def test_finished_stages_are_skipped(tmp_path, monkeypatch):
    made, said = [], []

    def stages(out, *_):
        for name in ("one", "two"):
            yield Stage(name, 2.5, out / name, lambda name=name: made.append(name))

    monkeypatch.setattr("kcarol.training.recipe.stages_of", stages)
    (tmp_path / "one").touch()
    follow_recipe(tmp_path, CFG, say=said.append)
    assert made == ["two"]
    assert said == ["stage 1 of 2, one: finished", "stage 2 of 2, two: about 2.5 h on two cores"]


@pytest.mark.corpus
@needs_shipped
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_weights_from_nothing_can_be_used(tmp_path, monkeypatch):
    monkeypatch.setattr(single_notes, "INSTRUMENTS", [replace(INSTRUMENTS[0], highest=61)])
    follow_recipe(tmp_path, CFG, Recipe.smoke(), device="cpu")
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES)
    converter = Converter.load(tmp_path / "player" / CONVERTER_FILE, "cpu")
    assert set(converter.styles) >= {"bells", "choir"}
