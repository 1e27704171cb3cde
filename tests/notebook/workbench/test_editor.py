"""Facts about the mending of a score on a page."""

import html

import pytest

pytest.importorskip("ipywidgets")
pytest.importorskip("verovio")

from kcarol.notebook.workbench.editor import ScoreEditor
from kcarol.score.edits import in_text
from kcarol.score.files import read_score


@pytest.fixture
def editor(song_file, score, folder, converter):
    return ScoreEditor(song_file, score, folder, converter)


def played(folder):
    return folder / "a & b #1/a & b #1, bells, mended.flac"


def test_every_bar_is_there_to_read(editor, score):
    bars = editor.box.children[0].children[0].value
    assert all(line in html.unescape(bars) for line in in_text(score, 0).splitlines())


def test_an_edit_changes_the_note_on_paper_and_in_the_carol(editor, score, folder, files_of):
    editor.play()
    before = played(folder).read_bytes()
    old = score.sheet.notes[0].pitch
    editor.changes.value = f"bar 1 note 1: {'A5' if old != 81 else 'C5'}"
    editor.button.click()
    assert editor.message.value == "" and not editor.button.disabled
    [shown] = editor.page.outputs
    assert played(folder).relative_to(folder.parent) in files_of(shown["data"]["text/html"])
    assert played(folder).read_bytes() != before
    written = read_score(folder / "a & b #1/a & b #1, mended.musicxml")
    assert written.sheet.notes[0].pitch != old
    assert written.sheet.notes[1:] == score.sheet.notes[1:]


def test_a_wrong_change_is_one_line_and_makes_nothing(editor, folder, said):
    editor.changes.value = "bar 2: Am\nbar 99: C"
    editor.play()
    assert said(editor.message).startswith("line 2, 'bar 99: C': expected a bar from")
    assert not editor.button.disabled and editor.page.outputs == ()
    assert not played(folder).exists()
