"""Facts about tables and bars."""

import pytest

from kcarol.notebook import figures


def test_a_table_marks_ours_and_leaves_empty_columns_out():
    rows = [
        {"system": "kcarol", "chroma": 0.5, "tune": float("nan")},
        {"system": "copy", "chroma": 1.0},
    ]
    [table] = figures.table(rows).axes[0].tables
    cells = {place: cell.get_text() for place, cell in table.get_celld().items()}
    texts = [[cells[row, column].get_text() for column in (0, 1)] for row in (0, 1, 2)]
    assert texts == [["system", "chroma ↑"], ["kcarol", "0.50"], ["copy", "1.00"]]
    assert len(cells) == 6
    assert table[1, 0].get_facecolor() != table[2, 0].get_facecolor()
    assert [cells[row, 0].get_fontweight() for row in (1, 2)] == ["bold", "normal"]


def test_headings_say_the_unit_and_which_way_is_better():
    rows = [{"system": "kcarol", "tune": 0.5, "lsd": 0.5, "crest": 30.0}]
    picture = figures.table(rows, title="here")
    [drawn] = picture.axes[0].tables
    headings = [drawn[0, column].get_text().get_text() for column in range(4)]
    assert headings == ["system", "tune ↑", "lsd ↓", "crest, dB"]
    assert picture.get_suptitle() == "here   ↑ more is better, ↓ less is better"


def test_bars_stand_side_by_side_each_with_its_unit_and_number():
    panels = {"time": ("ms", {"fp32": 9.0, "bf16": 8.0}), "memory": ("MB", {"fp32": 2.0})}
    left, right = figures.bars(panels).axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("ms", "MB")
    assert [bar.get_width() for bar in left.patches] == [9, 8]
    assert [text.get_text() for text in left.texts] == ["9", "8"]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one bar"):
        figures.bars({"time": ("ms", {})})
    with pytest.raises(ValueError, match="at least one row"):
        figures.table([])
