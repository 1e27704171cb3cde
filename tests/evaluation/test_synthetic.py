"""Evaluation on pairs whose carol is known."""

from __future__ import annotations

import pytest
from tunes import pair

from kcarol.evaluation.synthetic import evaluate_synthetic


def test_table_orders_target_ours_and_cheats(tmp_path):
    pairs = [pair(0, "one"), pair(5, "two")]
    carols = {id(p["pop"]): p["carol"] for p in pairs}
    perfect = evaluate_synthetic(lambda wave, style: carols[id(wave)], pairs, out_dir=tmp_path)
    ours, copy, mean, wrong = (perfect.find(name) for name in ("kcarol", "copy", "mean", "wrong"))
    assert ours["mse"] < 1e-6 and ours["lsd"] < 1e-3
    assert ours["onset_f"] == 1 and ours["length"] == 0
    assert copy["lsd"] == pytest.approx(1) and mean["mse"] == pytest.approx(1)
    assert ours["tune"] > 0.9 > 0.4 > wrong["tune"]
    page = (tmp_path / "synthetic.html").read_text()
    assert 'src="synthetic_files/1-one/2-kcarol.flac"' in page
    assert (tmp_path / "synthetic_files/1-one/2-kcarol.flac").exists()


def test_no_pairs_is_an_error():
    with pytest.raises(ValueError, match="at least one pair"):
        evaluate_synthetic(lambda wave, style: wave, [])
