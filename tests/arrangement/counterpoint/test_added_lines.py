"""A descant above the tune and a counter-line below it."""

import numpy as np
import pytest

from kcarol.arrangement.counterpoint.added_lines import COUNTER_LINE, DESCANT, counter_line, descant
from kcarol.arrangement.counterpoint.lint import lint_added_lines
from kcarol.arrangement.counterpoint.two_voices import clash_length, crossings
from kcarol.arrangement.voices import four_parts
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet


@pytest.fixture(scope="module", params=range(4))
def song(request):
    sheet = draw_sheet(np.random.default_rng(request.param), 20.0)
    return four_parts(sheet), sheet


def test_a_descant_is_above_the_tune_within_its_range(song):
    parts, sheet = song
    line = descant(parts, sheet)
    assert all(DESCANT.lowest <= note.pitch <= DESCANT.highest for note in line)
    assert crossings(line, parts.soprano, 0.1) == []
    assert clash_length(parts.soprano, line, 0.5) == 0


def test_a_counter_line_is_below_the_tune_and_steps_where_the_tune_does_not(song):
    parts, sheet = song
    line = counter_line(parts, sheet)
    assert all(COUNTER_LINE.lowest <= note.pitch <= COUNTER_LINE.highest for note in line)
    assert crossings(parts.soprano, line, 0.1) == []
    assert clash_length(parts.soprano, line, 0.5) == 0
    leaps = np.abs(np.diff([note.pitch for note in line]))
    assert np.mean(leaps <= 4) > 0.8


def test_neither_moves_in_fifths_and_octaves_with_tune_or_bass_or_crosses_them(song):
    marks = lint_added_lines(*song)
    assert (marks.parallels, marks.crossings, marks.out_of_range, marks.hanging) == (0, 0, 0, 0)
