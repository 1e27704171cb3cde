"""Facts about the carol's tune under a voice."""

import numpy as np
import pytest
from songs import song

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.groups import TUNE, group_of
from kcarol.arrangement.styles import STYLES
from kcarol.config import DUCK, KEEP, LEAVE_OUT
from kcarol.transcription.lead_sheet import TimeGrid
from kcarol.voice.tune import under_voice

FRAME_RATE = 62.5


@pytest.fixture(scope="module")
def parts():
    sheet = song()
    return arrange_carol(sheet, TimeGrid.of(sheet), STYLES["bells"])


@pytest.fixture(scope="module")
def first_half(parts):
    """Frames of a voice that sings in the first half, and when it ends in seconds."""
    end_s = max(stroke.start_s + stroke.length_s for part in parts for stroke in part.strokes)
    sung = np.arange(round(end_s * FRAME_RATE)) < end_s * FRAME_RATE / 2
    return sung, end_s / 2


def tune_of(parts):
    return [stroke for part in parts if group_of(part) == TUNE for stroke in part.strokes]


def others_of(parts):
    return [part for part in parts if group_of(part) != TUNE]


def test_a_kept_tune_stays_as_it_is(parts, first_half):
    assert under_voice(parts, first_half[0], KEEP, FRAME_RATE) == parts


def test_a_ducked_tune_is_softer_where_the_voice_sings_alone(parts, first_half):
    sung, middle_s = first_half
    ducked = under_voice(parts, sung, DUCK, FRAME_RATE)
    assert others_of(ducked) == others_of(parts)
    for before, after in zip(tune_of(parts), tune_of(ducked), strict=True):
        if before.start_s + before.length_s < middle_s:
            assert after.velocity < before.velocity
        elif before.start_s > middle_s:
            assert after == before


def test_a_tune_that_is_left_out_is_played_where_nobody_sings(parts, first_half):
    sung, middle_s = first_half
    left = under_voice(parts, sung, LEAVE_OUT, FRAME_RATE)
    assert others_of(left) == others_of(parts)
    starts_s = [stroke.start_s for stroke in tune_of(left)]
    assert starts_s and min(starts_s) > middle_s - 1
    assert [s for s in tune_of(parts) if s.start_s > middle_s] == [
        s for s in tune_of(left) if s.start_s > middle_s
    ]


def test_parts_that_would_never_play_are_left_out(parts, first_half):
    everywhere = np.ones_like(first_half[0])
    assert all(part.strokes for part in under_voice(parts, everywhere, LEAVE_OUT, FRAME_RATE))
