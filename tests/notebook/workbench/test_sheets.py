"""Facts about a score's files beside the notebooks."""

import re
import sys

import numpy as np
import pytest

from kcarol.config import install_command
from kcarol.notebook.workbench.sheets import SAVED, engraved, write_sheets


def test_each_bar_is_on_a_page_and_begins_in_time(score):
    pytest.importorskip("verovio")
    pages, bars = engraved(score)
    n_beats = int(score.sheet.n_beats)
    starts_s = score.grid.beat_times_s[: n_beats : score.sheet.beats_per_bar]
    np.testing.assert_allclose([bar.start_s for bar in bars], starts_s, atol=2e-3)
    assert [bar.label for bar in bars] == [str(i + 1) for i in range(len(bars))]
    found = re.findall(r'<g[^>]*? id="([^"]*)" class="measure', "".join(pages))
    assert sorted(found) == sorted(bar.id for bar in bars)


def test_pages_and_files_are_written_by_name(score, tmp_path):
    pytest.importorskip("verovio")
    sheets = write_sheets(score, tmp_path / "new", "a.b")
    assert sheets.missing == "" and list(sheets.files) == list(SAVED)
    written = {path.name for path in (tmp_path / "new").iterdir()}
    assert written == {"a.b.1.svg", "a.b.mid", "a.b.musicxml", "a.b.pdf"}
    assert written == {path.name for path in (*sheets.pages, *sheets.files.values())}


def test_without_an_engraver_it_says_what_to_install(score, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "verovio", None)
    sheets = write_sheets(score, tmp_path, "song")
    assert install_command("notebooks") in sheets.missing and "\n" not in sheets.missing
    assert not sheets.pages and not sheets.bars and not sheets.files
