"""Levels of roles and of waves."""

import numpy as np
import pytest
from sung_notes import RATE

from kcarol.corpus.mixing.levels import OTHER_DB, active_rms, role_db, role_of, with_sounding_rms


def test_a_part_has_the_role_that_its_name_begins_with():
    assert [role_of(name) for name in ("bass 2", "Lead", "pad_left", "12")] == [
        "bass",
        "lead",
        "pad",
        "",
    ]
    assert role_db("bass 2") == role_db("bass") < role_db("lead") == 0
    assert role_db("bagpipe") == OTHER_DB


def test_rests_do_not_count_in_a_level():
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    rested = np.concatenate([tone, np.zeros(3 * RATE, np.float32)])
    assert active_rms(rested, RATE) == pytest.approx(0.5**0.5, rel=0.01)
    assert np.square(with_sounding_rms(rested, 0.1)[:RATE]).mean() ** 0.5 == pytest.approx(
        0.1, rel=0.02
    )
    assert not with_sounding_rms(np.zeros(100, np.float32), 0.1).any()
