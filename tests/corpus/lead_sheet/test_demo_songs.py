"""The songs of the demo set."""

import numpy as np
from lead_sheets import assert_sound, strong_notes

from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS, demo_carol


def test_the_demo_set_has_six_different_songs_and_a_carol():
    sheets = [song.sheet for song in DEMO_SONGS.values()]
    assert len(sheets) == 6
    for sheet in [*sheets, demo_carol().sheet]:
        assert_sound(sheet)
        assert 30 <= sheet.length_s <= 60
        assert np.mean(strong_notes(sheet)) >= 0.6
    for trait in ("tempo_bpm", "key", "title"):
        assert len({getattr(sheet, trait) for sheet in sheets}) == 6
    assert len({song.hints["groove"] for song in DEMO_SONGS.values()}) == 6
    assert {song.hints["voice"] for song in DEMO_SONGS.values()} == {"female", "male", None}


def test_demo_tunes_fit_their_singers():
    ranges = {"female": (55, 79), "male": (45, 67)}
    for title, song in DEMO_SONGS.items():
        low, high = ranges.get(song.hints["voice"], (45, 84))
        assert all(low <= note.pitch <= high for note in song.sheet.notes), title
