"""What a teacher would mark."""

import numpy as np
import pytest

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.counterpoint.lint import Marks, lint_parts, lint_voices, lowest_line
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import four_parts
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Part, Stroke, TimeGrid

FLUTE = 73


def test_the_lowest_line_follows_who_is_lowest():
    low = lowest_line([Note(0.0, 2.0, 60), Note(1.0, 1.0, 48)], [])
    assert [(note.start, note.pitch) for note in low] == [(0, 60), (1, 48)]


def test_notes_a_player_does_not_have_are_counted():
    sheet = LeadSheet("", 60.0, 4, 0, "major", (), (Chord(0.0, 4.0, 0),), ())
    strokes = tuple(Stroke(0.0, 1.0, pitch, 80) for pitch in (59, 60, 64)) + (
        Stroke(3.0, 2.0, 72, 80),
    )
    marks = lint_parts([Part("tune", strokes, FLUTE)], sheet, TimeGrid.of(sheet), ())
    assert (marks.out_of_range, marks.too_many_notes, marks.hanging) == (1, 1, 1)


def played(*lines):
    """Parts of flutes: beginnings and pitches of notes that last until the line's next."""
    parts = []
    for number, line in enumerate(lines):
        ends = [*(start for start, _ in line[1:]), 4.0]
        strokes = [Stroke(a, end - a, p, 80) for (a, p), end in zip(line, ends, strict=True)]
        parts.append(Part(f"line {number}", tuple(strokes), FLUTE))
    return parts


def test_the_lowest_part_and_the_tune_are_the_outer_voices():
    sheet = LeadSheet("", 60.0, 4, 0, "major", (), (Chord(0.0, 4.0, 0),), ())
    tune = [Note(0.0, 2.0, 79), Note(2.0, 2.0, 81)]
    top, low = [(0.0, 79), (2.0, 81)], [(0.0, 72), (2.0, 74)]

    def marks(*lines):
        return lint_parts(played(*lines), sheet, TimeGrid.of(sheet), tune)

    assert marks(top, low).parallels == 1
    # from a note of one part to one of another no voice moves
    assert marks(top, [(0.0, 72), (2.0, 76)], [(0.0, 74), (2.0, 74)]).parallels == 0
    assert marks(top, [(0.0, 84)]).crossings == 2


def test_drawn_sheets_have_no_marks_but_rare_crossings():
    marks = Marks()
    for seed in range(8):
        sheet = draw_sheet(np.random.default_rng(seed), 20.0)
        marks += lint_voices(four_parts(sheet), sheet)
    assert (marks.parallels, marks.out_of_range, marks.hanging) == (0, 0, 0)
    assert marks.per_100_bars()["crossings"] <= 1
    assert marks.clash_share == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))
def test_the_parts_of_each_style_have_no_marks(style):
    sheet = draw_sheet(np.random.default_rng(57), 60.0)
    grid = TimeGrid.of(sheet)
    parts = arrange_carol(sheet, grid, style)
    counts = lint_parts(parts, sheet, grid, four_parts(sheet).soprano).per_100_bars()
    assert counts.pop("clash_share") <= 0.02
    assert counts == dict.fromkeys(counts, 0)
