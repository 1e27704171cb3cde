from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scores import drawn_score, heard_score

from kcarol.score.notated import PER_QUARTER, Notated, Paper, notate, score_of
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section, TimeGrid
from kcarol.transcription.notation import LEAD_S

HALF, QUARTER, THIRD = Fraction(1, 2), Fraction(1, 4), Fraction(1, 3)


def sheet_of(*notes, n_beats=8.0, **changes) -> LeadSheet:
    sheet = LeadSheet(
        "",
        120.0,
        4,
        0,
        "major",
        tuple(Note(start, length, 60 + i) for i, (start, length) in enumerate(notes)),
        (Chord(0, n_beats, 0),),
        (),
    )
    return replace(sheet, **changes)


def notated(*notes, **changes) -> Notated:
    return notate(Score.of_sheet(sheet_of(*notes, **changes)))


def places(paper: Notated) -> list[tuple[Fraction, Fraction]]:
    return [(note.start, note.length) for note in paper.notes]


def test_positions_that_were_meant_are_kept():
    notes = [(0.0, 0.75), (0.75, 0.25), (1 + 1 / 3, 2 / 3), (2.5, 1.0)]
    expected = [(0, 3 * QUARTER), (3 * QUARTER, QUARTER), (1 + THIRD, 2 * THIRD), (2 + HALF, 1)]
    assert places(notated(*notes)) == expected


def test_notes_beside_the_beat_move_to_sixteenths_or_triplets():
    paper = notated((0.03, 0.5), (1.31, 0.4), (1.69, 0.4), (3.98, 0.5))
    assert [note.start for note in paper.notes] == [0, 1 + THIRD, 1 + 2 * THIRD, 4]


def test_no_two_notes_share_a_place():
    paper = notated((1.0, 0.04), (1.04, 0.06), (1.1, 0.9))
    starts = [note.start for note in paper.notes]
    assert starts == sorted(set(starts)) and starts[0] == 1 and len(starts) == 3


def test_as_many_notes_as_are_sung_are_on_paper_however_many():
    crowd = [(1 + i / 100, 0.01) for i in range(60)]
    paper = notated(*crowd)
    assert len(paper.notes) == len(crowd)
    assert all(note.length > 0 for note in paper.notes)
    for note, following in zip(paper.notes, paper.notes[1:], strict=False):
        assert note.end <= following.start


def test_a_gap_shorter_than_a_sixteenth_is_no_rest():
    assert places(notated((0.0, 0.9), (1.0, 1.0)))[0] == (0, 1)
    assert places(notated((0.0, 0.5), (1.0, 1.0)))[0] == (0, HALF)


def test_compound_beats_are_dotted_quarters():
    paper = notated(
        (0.0, 1 / 3), (1 / 3, 2 / 3), (1.0, 1.0), beats_per_bar=2, division=3, n_beats=4.0
    )
    assert [bar.time_signature for bar in paper.bars] == [(6, 8), (6, 8)]
    assert places(paper) == [(0, HALF), (HALF, 1), (Fraction(3, 2), Fraction(3, 2))]
    assert paper.length == 6


def test_changes_of_metre_and_a_short_last_bar_are_bars():
    paper = notated(changes=(Metre(4.0, 2), Metre(6.0, 4)), n_beats=13.0)
    assert [bar.length for bar in paper.bars] == [4, 2, 4, 3]
    assert [bar.is_short for bar in paper.bars] == [False, False, False, True]
    assert paper.bars[-1].time_signature == (4, 4)


@pytest.fixture
def pickup():
    """A song that begins with the last beat of a bar."""
    sheet = sheet_of((3.0, 1.0), (4.0, 2.0), n_beats=8.0)
    times_s = np.append(1 + LEAD_S * np.arange(4), 1.5 + np.arange(5) / 2)
    return Score.of_sheet(sheet, TimeGrid(times_s, 4))


def test_a_song_that_begins_within_a_bar_has_a_pickup(pickup):
    paper = notate(pickup)
    assert [bar.length for bar in paper.bars] == [1, 4] and paper.bars[0].is_short
    assert places(paper) == [(0, 1), (1, 2)]
    assert paper.beat_quarters == (0, 1, 2, 3, 4, 5)
    assert paper.beat_times_s[0] == pytest.approx(pickup.grid.beat_times_s[3])


def test_each_bar_has_the_tempo_it_was_heard_at():
    grid = TimeGrid(np.array([0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]), 4)
    paper = notate(Score.of_sheet(sheet_of(), grid))
    assert [paper.tempo_bpm(bar) for bar in paper.bars] == pytest.approx([120, 60])


def test_chords_and_sections_cover_the_bars():
    for seed in range(6):
        paper = notate(drawn_score(seed))
        for spans in (paper.chords, paper.sections):
            ends = [Fraction(0), *(span.end for span in spans)]
            assert [span.start for span in spans] == ends[:-1] and ends[-1] == paper.length
            assert all(span.length > 0 for span in spans)


def test_every_place_is_a_multiple_of_the_same_part_of_a_quarter():
    for score in (heard_score(), *map(drawn_score, range(6))):
        paper = notate(score)
        for span in (*paper.bars, *paper.notes, *paper.chords, *paper.sections):
            assert span.start * PER_QUARTER == int(span.start * PER_QUARTER)
            assert span.length * PER_QUARTER == int(span.length * PER_QUARTER)


def test_what_is_read_from_paper_is_on_paper_again_the_same():
    for score in (heard_score(), *map(drawn_score, range(6))):
        paper = notate(score)
        again = notate(score_of(paper))
        assert again.notes == paper.notes and again.chords == paper.chords
        assert [(bar.start, bar.length) for bar in again.bars] == [
            (bar.start, bar.length) for bar in paper.bars
        ]
        times_s = score_of(paper).grid.beat_times_s
        np.testing.assert_allclose(times_s[: len(paper.beat_times_s)], paper.beat_times_s)


def test_paper_has_a_place_for_every_beat_and_back(pickup):
    paper = Paper.of(pickup)
    assert paper.quarters([0.0, 3.0, 4.5]).tolist() == [0.0, 0.0, 1.5]
    assert paper.beats([0.0, 1.5, 5.0]).tolist() == [3.0, 4.5, 8.0]


def test_sections_begin_where_they_did():
    sections = (Section("verse", 0.0, 4.0), Section("chorus", 4.0, 4.0))
    paper = notated(sections=sections)
    assert [(s.name, s.start, s.length) for s in paper.sections] == [
        ("verse", 0, 4),
        ("chorus", 4, 4),
    ]
