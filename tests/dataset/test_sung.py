"""Sung songs come back from disk as they were."""

import numpy as np
import pytest

from kcarol.dataset.sung import SUFFIX, SungRows, load_sung, save_sung, stored_sung
from kcarol.model.vowels import NO_VOWEL


def some_rows(n_rows=2, seed=0):
    rng = np.random.default_rng(seed)
    return SungRows(
        rng.integers(-9, 9, (n_rows, 50), np.int16),
        rng.integers(0, NO_VOWEL + 1, (n_rows, 6), np.int8),
        rng.random((n_rows, 6)) < 0.3,
    )


def test_rows_come_back_as_they_were(tmp_path):
    rows = some_rows()
    save_sung(tmp_path / f"1{SUFFIX}", rows)
    found = load_sung(tmp_path / f"1{SUFFIX}")
    for name in ("pop", "vowel", "begins"):
        value = getattr(found, name)
        assert value.dtype == getattr(rows, name).dtype
        assert np.array_equal(value, getattr(rows, name))
    assert [path.name for path in tmp_path.iterdir()] == [f"1{SUFFIX}"]


@pytest.mark.parametrize("most_rows, n_files", [(None, 3), (6, 3), (5, 2), (1, 1)])
def test_files_are_read_in_order_as_far_as_there_is_room(tmp_path, most_rows, n_files):
    for seed in (2, 0, 1):
        save_sung(tmp_path / f"{seed}{SUFFIX}", some_rows(seed=seed))
    (tmp_path / "notes.txt").write_text("something else")
    found = list(stored_sung(tmp_path, most_rows))
    assert len(found) == n_files
    for seed, rows in enumerate(found):
        assert np.array_equal(rows.pop, some_rows(seed=seed).pop)
