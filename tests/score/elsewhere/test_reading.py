import pytest

pytest.importorskip("music21")

from kcarol.score.elsewhere.reading import score_from_elsewhere
from kcarol.score.errors import ScoreError
from tests.score.elsewhere.texts import harmony, measure, note, written


def read(tmp_path, text):
    path = tmp_path / "score.musicxml"
    path.write_text(text, encoding="utf-8")
    return score_from_elsewhere(path)


def test_a_lead_sheet_of_another_program_is_read(tmp_path):
    text = written(
        measure(harmony("C") + note("E4", 4) + note("G4", 4), first=True),
        measure(harmony("G", "dominant") + note("F4", 8)),
    )
    sheet = read(tmp_path, text).sheet
    assert [(n.start, n.length, n.pitch) for n in sheet.notes] == [
        (0, 2, 64),
        (2, 2, 67),
        (4, 4, 65),
    ]
    assert [(c.start, c.root, c.quality) for c in sheet.chords] == [(0, 0, "maj"), (4, 7, "7")]
    assert (sheet.key, sheet.mode, sheet.beats_per_bar) == (0, "major", 4)


def test_a_score_without_notes_is_refused(tmp_path):
    with pytest.raises(ScoreError, match="score.musicxml: expected a tune, found no notes"):
        read(tmp_path, written(measure("", first=True)))
