"""How near to real carols."""

from __future__ import annotations

import numpy as np
import pytest
from tunes import RATE

from kcarol.evaluation import metrics


@pytest.fixture(scope="module")
def reference() -> metrics.StyleReference:
    rng = np.random.default_rng(0)
    return metrics.StyleReference.fit(rng.normal(1, 1, (80, 69)), rng.normal(0, 1, (60, 69)))


def test_style_is_one_for_pop_and_near_zero_for_carols(reference):
    assert reference.style(reference.pop) == pytest.approx(1)
    assert reference.style(reference.carol) == pytest.approx(0, abs=1e-9)
    assert reference.p_carol(reference.carol) > 0.9 > 0.1 > reference.p_carol(reference.pop)


def test_without_windows_nothing_is_said(reference):
    none = np.zeros((0, 69))
    assert np.isnan(reference.style(none)) and np.isnan(reference.p_carol(none))


def test_farthest_names_what_was_moved(reference):
    moved = reference.carol.copy()
    moved[:, metrics.style_names().index("percussive")] += 9
    name, z = reference.farthest(moved)[0]
    assert name == "percussive" and z > 3


def test_style_windows_have_69_named_values_and_leave_silence_out(song):
    assert metrics.style_windows(song).shape == (1, 69)
    assert len(metrics.style_names()) == 69
    assert metrics.style_windows(np.zeros(RATE * 10, np.float32)).shape == (0, 69)


def test_style_reference_survives_a_file_and_refuses_another_shape(reference, tmp_path):
    np.savez(tmp_path / "r.npz", pop=reference.pop, carol=reference.carol)
    loaded = metrics.StyleReference.load(tmp_path / "r.npz")
    assert loaded.p_carol(reference.pop) == reference.p_carol(reference.pop)
    np.savez(tmp_path / "bad.npz", pop=reference.pop)
    with pytest.raises(ValueError, match="found no carol"):
        metrics.StyleReference.load(tmp_path / "bad.npz")
    with pytest.raises(ValueError, match="69 values"):
        metrics.StyleReference.fit(reference.pop[:, :5], reference.carol)
