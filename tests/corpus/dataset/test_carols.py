"""Rows of drawn carols: notes and sound belong together and repeat."""

import math

import pytest
import torch

from kcarol.config import AudioConfig
from kcarol.corpus.dataset.carols import N_ROWS, build_carols, make_carols
from kcarol.dataset.carols import stored_carols
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.synthesis import render

CFG = AudioConfig()
MISSING = render.available((render.CAROL_SOUNDFONT,))
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


@pytest.fixture(scope="module")
def rows():
    return make_carols(4)


def test_notes_and_sound_have_their_shapes(rows):
    assert rows.log_mel.shape == (N_ROWS, ROW_FRAMES + 1, 2, CFG.n_bands)
    assert rows.waves.shape == (N_ROWS, 2, ROW_FRAMES * CFG.hop_length)
    assert len(rows.notes) == N_ROWS


def test_something_sounds_where_notes_are(rows):
    for notes, log_mel in zip(rows.notes, rows.log_mel.float(), strict=True):
        loudest = log_mel.amax((1, 2))
        starts = notes.start[(notes.start >= 0) & (notes.start < ROW_FRAMES - 8)].long()
        assert loudest[starts + 6].min() > math.log(CFG.log_floor) + 2


def test_rows_repeat_and_finished_files_stay(rows, tmp_path):
    assert build_carols(tmp_path, 0.001, seed=4, jobs=1)[0] == N_ROWS
    assert build_carols(tmp_path, 0.001, seed=4, jobs=1)[0] == 0
    (again,) = stored_carols(tmp_path)
    assert torch.equal(again.waves, rows.waves)
    torch.testing.assert_close(again.log_mel, rows.log_mel, rtol=0, atol=0.02)  # half precision
    assert all(
        torch.equal(ours.tensor(), theirs.tensor())
        for ours, theirs in zip(again.notes, rows.notes, strict=True)
    )
