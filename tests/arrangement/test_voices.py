"""Four voices of a lead sheet: what a teacher of harmony would mark."""

from dataclasses import replace

import numpy as np
import pytest

from kcarol.arrangement.counterpoint.two_voices import clash_length, overlapping
from kcarol.arrangement.counterpoint.voice_leading import RANGES
from kcarol.arrangement.voices import four_parts
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.lead_sheet.editing import transpose


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


def _lower(parts):
    return parts.alto, parts.tenor, parts.bass


def test_the_same_sheet_gives_the_same_voices(sheets):
    assert four_parts(sheets[0]) == four_parts(sheets[0])


def test_the_octave_in_which_a_song_is_sung_changes_nothing(sheets):
    for sheet in sheets[:3]:
        lower = replace(sheet, notes=tuple(replace(n, pitch=n.pitch - 12) for n in sheet.notes))
        assert four_parts(lower) == four_parts(sheet)


def test_a_tone_higher_the_voices_are_the_same_as_far_as_ranges_allow(sheets):
    same = total = 0.0
    for sheet in sheets:
        higher, parts = four_parts(transpose(sheet, 2)), four_parts(sheet)
        for line, moved in zip(_lower(parts), _lower(higher), strict=True):
            shared = overlapping(line, moved, 0.0)
            total += sum(note.length for note in line)
            same += sum(
                min(a.end, b.end) - max(a.start, b.start)
                for a, b in shared
                if b.pitch == a.pitch + 2
            )
    assert same / total > 0.5


def test_where_the_tune_rests_the_harmony_has_an_upper_voice(sheets):
    for sheet in sheets:
        parts = four_parts(sheet)
        assert clash_length(parts.soprano, parts.upper, 0.5) == 0
