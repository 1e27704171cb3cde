"""Lead sheets cut, joined, transposed, and left to the drums."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_sheets import TOLERANCE, assert_sound, composed
from metres import changing_sheet

from kcarol.corpus.lead_sheet.editing import (
    cut,
    drums_alone,
    in_compound_time,
    instrumental,
    join,
    n_bars_of,
    transpose,
    trim,
)
from kcarol.corpus.lead_sheet.tunes import tune


def test_trim_and_join_give_the_sheet_back():
    sheet = tune("Jingle Bells")
    again = join(trim(sheet, 0, 16), trim(sheet, 16, 16))
    assert again.notes == sheet.notes
    assert again.chords == sheet.chords
    with pytest.raises(ValueError, match="within the sheet's 32"):
        trim(sheet, 40, 4)


def test_transposing_there_and_back_changes_nothing():
    assert transpose(transpose(composed(3), 5), -5) == composed(3)


def test_instrumental_sheets_have_no_notes_and_keep_their_chords():
    sheet = instrumental(tune("Deck the Halls"))
    assert_sound(sheet)
    assert sheet.notes == () and sheet.chords == tune("Deck the Halls").chords


@given(seed=st.integers(0, 500), first=st.integers(0, 6), n_bars=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_bars_of_drums_alone_have_no_tune_and_no_chords_and_the_others_stay(seed, first, n_bars):
    sheet = composed(seed)
    edges = [*sheet.bar_starts(), sheet.n_beats]
    first = min(first, len(edges) - n_bars - 2)
    if first < 0:
        return
    out, start, end = drums_alone(sheet, first, n_bars), edges[first], edges[first + n_bars]
    assert_sound(out)
    assert out.n_beats == pytest.approx(sheet.n_beats)
    assert all(
        chord.silent == (start - TOLERANCE <= chord.start < end - TOLERANCE) for chord in out.chords
    )
    assert not [note for note in out.notes if start - TOLERANCE <= note.start < end - TOLERANCE]
    kept = [note for note in sheet.notes if not start - TOLERANCE <= note.start < end - TOLERANCE]
    assert [note.pitch for note in out.notes] == [note.pitch for note in kept]
    assert [note.start for note in out.notes] == pytest.approx([note.start for note in kept])


def test_trimmed_and_joined_sheets_keep_their_metres():
    sheet = changing_sheet()
    assert n_bars_of(sheet) == 12
    again = join(trim(sheet, 0, 5), trim(sheet, 5, 7))
    assert replace(again, sections=sheet.sections) == sheet
    odd = trim(sheet, 5, 4)
    assert (odd.beats_per_bar, odd.division, odd.n_beats) == (7, 2, 25)
    assert [(m.start, m.beats_per_bar, m.division) for m in odd.changes] == [(21.0, 4, 3)]
    assert cut(sheet, 44.0, 60.0).metres[0].division == 3


def test_two_bars_of_three_become_one_of_six_eight():
    sheet = tune("Silent Night")
    compound = in_compound_time(sheet, 50.0)
    assert_sound(replace(compound, accents=(0.5,) * 6))
    assert (compound.beats_per_bar, compound.division, compound.tempo_bpm) == (2, 3, 50.0)
    assert n_bars_of(compound) * 2 == n_bars_of(sheet)
    assert [3 * note.start for note in compound.notes] == pytest.approx(
        [note.start for note in sheet.notes]
    )
    assert in_compound_time(tune("Jingle Bells"), 50.0) == tune("Jingle Bells")
