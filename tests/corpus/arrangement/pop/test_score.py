"""Bars and scales of a lead sheet."""

import pytest
from metres import changing_sheet

from kcarol.corpus.arrangement.pop.score import Event, Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section


def test_scale_of_a_section_follows_a_change_of_key():
    c_major = [Chord(4 * i, 4, r) for i, r in enumerate((0, 5, 7, 0))]
    d_major = [Chord(16 + 4 * i, 4, r) for i, r in enumerate((2, 7, 9, 2))]
    sections = (Section("verse", 0, 16), Section("chorus", 16, 16))
    sheet = LeadSheet(
        "up a tone",
        100,
        4,
        0,
        "major",
        (Note(0, 1, 64), Note(16, 1, 66)),
        (*c_major, *d_major),
        sections,
    )
    assert [sorted(scale) for scale in Score.of(sheet).scales] == [
        [0, 2, 4, 5, 7, 9, 11],
        [1, 2, 4, 6, 7, 9, 11],
    ]


def test_sheet_without_chords_is_refused():
    sheet = LeadSheet("empty", 100, 4, 0, "major", (), (), ())
    with pytest.raises(ValueError, match="chords"):
        Score.of(sheet)


def test_bars_follow_the_changes_of_metre_and_chords_are_found_in_them():
    sheet = changing_sheet()
    score = Score.of(sheet)
    assert [bar.length for bar in score.bars] == [4.0] * 4 + [7.0] * 4 + [4.0] * 4
    for chord in sheet.chords:
        assert score.chord_at(chord.start) == score.chord_at(chord.end - 0.1) == chord
    assert score.accent_at(16.0) == sheet.sections[1].accents[0]


def test_players_write_for_each_metre_and_what_they_write_lies_in_it():
    sheet = changing_sheet()
    seen = []

    def write(piece):
        seen.append((piece.beats_per_bar, piece.division, piece.accents))
        return [Event(bar.start, 1.0, 60, 80) for bar in piece.bars]

    events = Score.of(sheet).in_each_metre(write)
    assert [event.beat for event in events] == sheet.bar_starts().tolist()
    assert [kind[:2] for kind in seen] == [(4, 2), (7, 2), (4, 3)]
    assert [kind[2] for kind in seen] == [section.accents for section in sheet.sections]
