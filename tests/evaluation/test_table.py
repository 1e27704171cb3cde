"""Tables of figures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kcarol.evaluation.table import Table, mean_columns


def test_missing_cells_stay_empty_in_every_format(tmp_path):
    other = Table("t", [{"system": "b", "y": float("nan")}])
    table = Table("t", [{"system": "a", "sound": "", "x": 0.5}]).joined(other)
    assert table.columns == ["system", "sound", "x", "y"]
    assert "| a |  | 0.50 | – |" in table.to_markdown()
    assert "| A |  | 0.50 | – |" in table.to_markdown(str.upper)
    assert table.to_csv().splitlines() == ["system,sound,x,y", "a,,0.5,", "b,,,"]
    written = table.write(tmp_path)
    assert json.loads(written[0].read_text())["rows"][1] == {"system": "b", "y": None}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["table.csv", "table.json", "table.md"]
    with pytest.raises(KeyError, match="expected one of"):
        table.find("c")


def test_means_leave_out_what_is_missing():
    means = mean_columns([{"a": 1, "b": np.nan}, {"a": 3.0}, {"a": np.nan}], ["a", "b"])
    assert means["a"] == 2 and np.isnan(means["b"])
