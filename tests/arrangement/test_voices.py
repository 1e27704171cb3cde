"""Four voices of a lead sheet: what a teacher of harmony would mark."""

import numpy as np
import pytest

from kcarol.arrangement.counterpoint.voice_leading import RANGES
from kcarol.arrangement.voices import four_parts
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet


@pytest.fixture(scope="module")
def sheets():
    return [draw_sheet(np.random.default_rng(seed), 15.0) for seed in range(6)]


def test_voices_sound_from_beginning_to_end_within_their_ranges(sheets):
    for sheet in sheets:
        parts = four_parts(sheet)
        for voice in ("alto", "tenor", "bass"):
            notes = getattr(parts, voice)
            assert sum(note.length for note in notes) == pytest.approx(sheet.n_beats)
            assert {note.pitch for note in notes} <= set(
                range(RANGES[voice][0], RANGES[voice][1] + 1)
            )


def test_the_same_sheet_gives_the_same_voices(sheets):
    assert four_parts(sheets[0]) == four_parts(sheets[0])
