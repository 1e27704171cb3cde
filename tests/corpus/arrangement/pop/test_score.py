"""Bars and scales of a lead sheet."""

import pytest

from kcarol.corpus.arrangement.pop.score import Score
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
