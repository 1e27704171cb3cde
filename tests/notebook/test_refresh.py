"""Facts about the command that stores what notebooks print."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kcarol.notebook.refresh import refresh


@pytest.fixture
def notebook(tmp_path):
    """A function of cells -> a notebook's file."""
    pytest.importorskip("nbclient", reason="needs nbclient: pip install 'kcarol[notebooks]'")

    def write(*cells):
        book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        nbformat.write(book, tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return write


def test_stores_what_was_printed_and_nothing_else(notebook):
    path = notebook(
        "import os, sys\nprint(1)\nprint(2, file=sys.stderr)\ndisplay(3)\nprint(4)", "5"
    )
    refresh(path)
    first, second = nbformat.read(path, as_version=4).cells
    assert [dict(output) for output in first.outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "1\n4\n"}
    ]
    assert second.outputs == [] and [first.execution_count, second.execution_count] == [1, 2]
    assert not first.metadata


def test_stores_nothing_if_a_cell_fails(notebook):
    path = notebook("print(1)", "1 / 0")
    before = path.read_text()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        refresh(path)
    assert path.read_text() == before
