"""Facts about curves: what is read from a run's log, and how it is drawn."""

import numpy as np
import pytest

from kcarol.notebook import figures
from kcarol.notebook.figures.curves import smoothed


def test_smoothing_keeps_constants_and_length():
    assert np.allclose(smoothed(np.full(50, 3.0), 0.5), 3.0)
    assert smoothed(np.arange(7.0)).tolist() == list(range(7))


def test_curves_of_a_run_skip_empty_cells(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,own,learning_rate\n1,2.0,,0.1\n2,1.0,0.5,0.1\n")
    curves = figures.read_losses(path)
    assert set(curves) == {"loss", "own"}
    assert [values.tolist() for values in curves["own"]] == [[2.0], [0.5]]
    smooth = figures.losses(curves).axes[0].lines[1::2]
    assert [line.get_label() for line in smooth] == ["loss", "own"]


def test_other_files_are_not_taken_for_a_log(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="give its log.csv"):
        figures.read_losses(path)
    with pytest.raises(ValueError, match="at least one curve"):
        figures.losses({})


def test_lines_differ_by_more_than_hue():
    curves = {str(i): (np.arange(3), np.ones(3) + i) for i in range(10)}
    lines = figures.losses(curves).axes[0].lines[1::2]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10
    content, style = figures.content_against_style([0, 1], [1, 0.5], [0.1, 0.9]).axes[0].lines
    assert content.get_marker() != style.get_marker()
    assert content.get_linestyle() != style.get_linestyle()


def test_strengths_and_figures_are_as_many():
    with pytest.raises(ValueError, match="as many figures"):
        figures.content_against_style([0, 1], [1], [0, 1])
