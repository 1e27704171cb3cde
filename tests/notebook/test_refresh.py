"""Facts about the command that stores what notebooks print and draw, and about the run that
compares it.
"""

import base64
import io
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from kcarol.notebook.refresh import CONTROLS, WIDGET, refresh, stored

ROOT = Path(__file__).resolve().parents[2]
DRAWN = """import numpy as np
from kcarol.notebook import figures
from kcarol.notebook.players import players
wave = np.sin(np.arange(32_000) / 5).astype(np.float32)
figures.show(figures.waveforms({"tone": wave}))
players({"one": wave, "two": wave})"""


@pytest.fixture
def notebook(tmp_path):
    """A function of cells -> a notebook's file."""
    pytest.importorskip("nbclient", reason="needs nbclient: pip install 'kcarol[notebooks]'")

    def write(*cells):
        book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        nbformat.write(book, tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return write


def test_stores_what_was_printed_and_drawn_and_counts_from_one(notebook):
    path = notebook("import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)", DRAWN, "5")
    refresh(path)
    first, second, third = nbformat.read(path, as_version=4).cells
    assert [dict(output) for output in first.outputs] == [
        {"output_type": "stream", "name": "stdout", "text": "1\n3\n"}
    ]
    said, picture, line, spectrograms = second.outputs
    assert said.text == "waveforms of tone (2.0 s, peak 1.00)\n"
    assert set(picture.data) == set(spectrograms.data) == {"image/png"}
    assert picture.metadata["image/png"]["alt"] == said.text.strip()
    assert line.data["text/plain"].startswith("Players: one, two (2.0 s each")
    image = Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"])))
    assert image.mode == "P" and image.width == 880
    assert third.outputs[0].data == {"text/plain": "5"}
    assert [cell.execution_count for cell in (first, second, third)] == [1, 2, 3]
    assert not first.metadata


def test_stores_nothing_if_a_cell_fails(notebook):
    path = notebook("print(1)", "1 / 0")
    before = path.read_text()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        refresh(path)
    assert path.read_text() == before


def test_a_line_stands_for_controls_and_no_page_and_no_sound_is_stored():
    controls = new_output("display_data", {WIDGET: {}, "text/plain": "VBox(children=(Button()))"})
    assert [dict(kept.data) for kept in stored([controls])] == [{"text/plain": CONTROLS}]
    page = new_output("display_data", {"text/html": "<audio src='data:audio/flac;base64,'>"})
    assert stored([page]) == []


@pytest.mark.slow
def test_a_run_finds_another_printed_fact_and_lets_other_pictures_pass(notebook):
    path = notebook("fact = 2", DRAWN, "print(fact)")
    refresh(path)
    shutil.copy(ROOT / "notebooks/conftest.py", path.parent)
    assert compared(path) == 0
    path.write_text(path.read_text().replace("fact = 2", "fact = 3"))
    assert compared(path) == 1


def compared(path):
    """Exit status of pytest on a notebook, as this project runs it."""
    options = ["--nbval", "--nbval-current-env", "-q", "-pno:cacheprovider", "-pno:xdist"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", path.parent, path]
    return subprocess.run(command, cwd=path.parent, capture_output=True).returncode
