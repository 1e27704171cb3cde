"""Rendered songs with what is sung in them."""

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.corpus.dataset import sung
from kcarol.corpus.dataset.pairs import VALIDATION_SEED, missing
from kcarol.corpus.dataset.sung import N_ROWS, build_sung, make_sung
from kcarol.corpus.synthesis.speech import TRAINING_SPEAKERS, VALIDATION_SPEAKERS
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.dataset.sung import stored_sung
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.lead_sheet import SungVowel

CFG = AudioConfig()
MISSING = missing()
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


def two_songs(seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sung, "N_ROWS", 2)
        return make_sung(seed)


@pytest.fixture(scope="module")
def rows():
    return two_songs(2)


def test_rows_have_their_shapes_and_most_are_sung(rows):
    assert rows.pop.shape == (2, ROW_FRAMES * CFG.hop_length) and rows.pop.dtype == np.int16
    assert rows.vowel.shape == rows.begins.shape == (2, ROW_FRAMES + 1)
    assert rows.vowel.min() >= 0 and rows.vowel.max() == NO_VOWEL
    is_sung = rows.vowel < NO_VOWEL
    assert 0.2 < is_sung.mean() < 0.95
    assert is_sung[rows.begins].mean() > 0.95
    per_s = rows.begins.sum() / (is_sung.sum() / CFG.frame_rate)
    assert 1 < per_s < 8


def same(one, other):
    return all(np.array_equal(value, getattr(other, name)) for name, value in vars(one).items())


def test_the_same_seed_gives_the_same_songs(rows):
    assert same(two_songs(2), rows)


@pytest.mark.slow
def test_files_are_rendered_once(tmp_path):
    assert build_sung(tmp_path, 0.001, seed=2, jobs=1)[0] == N_ROWS
    assert build_sung(tmp_path, 0.001, seed=2, jobs=1)[0] == 0
    (found,) = stored_sung(tmp_path)
    again = make_sung(2)
    assert same(found, again)


@pytest.mark.parametrize(
    "seed, speakers", [(5, TRAINING_SPEAKERS), (VALIDATION_SEED + 5, VALIDATION_SPEAKERS)]
)
def test_songs_that_are_held_out_are_sung_by_others(seed, speakers, monkeypatch):
    asked = []

    def make(sheet, rng, cfg, soundfont, speakers, text_):
        asked.append((speakers, soundfont))
        text_.append(SungVowel(1.0, 2.0, 0))
        return np.zeros(9), None, None

    monkeypatch.setattr(sung, "make_pop", make)
    make_sung(seed)
    assert {who for who, _ in asked} == {speakers}
    is_held_out = {font == sung.VALIDATION_SOUNDFONT for _, font in asked}
    assert is_held_out == {seed >= VALIDATION_SEED}
