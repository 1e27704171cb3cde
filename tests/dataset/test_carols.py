"""Rows of carols come back from disk as they were."""

import torch

from kcarol.dataset.carols import SUFFIX, CarolRows, load_carols, save_carols, stored_carols
from kcarol.model.notes import Notes


def test_rows_come_back_as_they_were(tmp_path):
    rng = torch.Generator().manual_seed(0)
    notes = [Notes.of_tensor(torch.randint(0, 22, (n, 5), generator=rng).float()) for n in (3, 0)]
    log_mel = torch.randn(2, 9, 2, 4, generator=rng).half()
    waves = torch.randint(-9, 9, (2, 2, 50), generator=rng, dtype=torch.int16)
    save_carols(tmp_path / f"1{SUFFIX}", CarolRows(notes, log_mel, waves))
    found = load_carols(tmp_path / f"1{SUFFIX}")
    assert torch.equal(found.log_mel, log_mel) and torch.equal(found.waves, waves)
    assert [len(some) for some in found.notes] == [3, 0]
    assert torch.equal(found.notes[0].tensor(), notes[0].tensor())
    assert len(list(stored_carols(tmp_path))) == 1
