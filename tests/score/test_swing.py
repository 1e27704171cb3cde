from dataclasses import replace

import numpy as np
import pytest

from kcarol.score.notated import notate
from kcarol.score.score import Score
from kcarol.score.swing import heard_swing, straight, swung
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, TimeGrid


def sheet_of(late: float, spread: float = 0.0) -> LeadSheet:
    """Eighths, every second of which comes `late` in its beat, as it was heard."""
    rng = np.random.default_rng(0)
    notes = []
    for beat in range(32):
        off = beat + late + spread * float(rng.uniform(-1, 1))
        notes += [Note(beat, off - beat, 60), Note(off, beat + 1 - off, 62)]
    return LeadSheet("", 120.0, 4, 0, "major", tuple(notes), (Chord(0, 32.0, 0),), ())


@pytest.mark.parametrize(
    "late, swing", [(0.5, 0), (0.53, 0), (0.6, 0.2), (2 / 3, 1 / 3), (0.7, 1 / 3)]
)
def test_swing_is_heard_where_off_beats_come_late(late, swing):
    assert heard_swing(sheet_of(late)) == pytest.approx(swing)
    assert heard_swing(sheet_of(late, 0.03)) == pytest.approx(swing, abs=0.05)


def test_off_beats_here_and_there_are_no_swing():
    assert heard_swing(sheet_of(0.6, 0.2)) == 0


def test_a_sheet_that_says_its_swing_is_not_heard():
    assert heard_swing(replace(sheet_of(2 / 3), swing=1 / 3)) == 0


def test_swung_notes_are_written_as_eighths():
    paper = notate(Score.of_sheet(sheet_of(2 / 3, 0.02)))
    assert paper.swing == pytest.approx(1 / 3, abs=0.05)
    assert {note.length for note in paper.notes} == {0.5}


def test_bars_heard_in_thirds_are_as_the_others_of_a_song_that_swings():
    sheet = replace(sheet_of(2 / 3), changes=(Metre(8.0, 4, 3), Metre(12.0, 4, 2)))
    paper = notate(Score.of_sheet(sheet))
    assert {bar.time_signature for bar in paper.bars} == {(4, 4)}
    assert {note.length for note in paper.notes} == {0.5}


def test_a_song_in_thirds_does_not_swing():
    sheet = replace(sheet_of(2 / 3), division=3)
    assert heard_swing(replace(sheet, changes=(Metre(24.0, 4, 2),))) == 0


def test_what_is_played_swung_is_written_straight_and_back():
    notes = sheet_of(0.62).notes
    written = straight(notes, 0.24)
    np.testing.assert_allclose([n.start % 1 for n in written], [n.start % 1 and 0.5 for n in notes])
    np.testing.assert_allclose(swung([n.start for n in written], 0.24), [n.start for n in notes])


def test_swung_positions_are_those_of_a_time_grid_that_swings():
    grid = TimeGrid(np.arange(5.0), 4, swing=0.3)
    beats = np.linspace(0, 4, 33)
    np.testing.assert_allclose(grid.time_s(beats), swung(beats, 0.3))
