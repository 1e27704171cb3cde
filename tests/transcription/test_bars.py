"""Facts about bars and places in them."""

import numpy as np
import pytest

from kcarol.config import DecodingConfig
from kcarol.transcription.bars import (
    bar_positions,
    beat_divisions,
    frame_positions,
    mean_over_spans,
    part_spans,
)

CFG = DecodingConfig()


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_bars_are_counted_from_the_downbeats(metre, first):
    beats = np.arange(0, 40) * 30
    downbeat = np.full(1300, 0.05)
    downbeat[beats[first::metre]] = 0.9
    position, found = bar_positions(downbeat, beats, CFG)
    assert (found == metre).all() and np.array_equal(position, (np.arange(40) - first) % metre)


def test_a_bar_of_seven_among_bars_of_four_shifts_the_count_once():
    beats = np.arange(0, 64) * 30
    firsts = np.concatenate([np.arange(0, 32, 4), np.arange(35, 64, 4)])
    downbeat = np.full(2000, 0.02)
    downbeat[beats[firsts]] = 0.98
    position, metres = bar_positions(downbeat, beats, CFG)
    assert np.array_equal(np.flatnonzero(position == 0), firsts)
    assert np.array_equal(np.flatnonzero(metres != 4), np.arange(28, 35))


def test_unclear_bars_are_counted_in_fours():
    metres = bar_positions(np.full(1000, 0.3), np.arange(0, 30) * 30, CFG)[1]
    assert (metres == 4).all()


def test_a_single_beat_still_has_a_bar_of_four():
    position, metres = bar_positions(np.full(20, 0.9), np.array([0]), CFG)
    _, bar = frame_positions(np.array([0]), position, metres, 20)
    assert metres.tolist() == [4] and bar.max() < 0.26


def test_places_rise_from_0_to_1_and_go_on_beyond_the_beats():
    beats, positions = np.array([20, 50, 80, 110, 140]), np.array([0, 1, 2, 3, 0])
    beat, bar = frame_positions(beats, positions, np.full(5, 4), 200)
    assert (
        beat[20] == beat[50] == beat[170] == 0
        and np.isclose(beat[35], 0.5)
        and np.isclose(beat[5], 0.5)
    )
    assert bar[20] == bar[140] == 0 and np.isclose(bar[80], 0.5) and np.isclose(bar[5], 0.875)
    assert ((bar >= 0) & (bar < 1)).all()


def test_half_beats_cover_every_frame_once():
    spans = part_spans(np.array([7, 37, 68]), np.full(3, 2), 100)
    assert spans[0][0] == 0 and spans[-1][1] == 100
    assert all(a[1] == b[0] for a, b in zip(spans[:-1], spans[1:], strict=True))
    assert {start for start, _ in spans} >= {7, 22, 37, 68}


def bars_of(*metres):
    """Frames of beats, the downbeat activation and the first beats of bars of `metres`."""
    beats = np.arange(sum(metres)) * 30
    firsts = np.cumsum([0, *metres[:-1]])
    downbeat = np.full(beats[-1] + 30, 0.05)
    downbeat[beats[firsts]] = 0.97
    return beats, downbeat, firsts


@pytest.mark.parametrize("metre", [2, 3, 4, 5, 7])
def test_bars_of_any_usual_metre_are_counted(metre):
    beats, downbeat, firsts = bars_of(*[metre] * 9)
    position, metres = bar_positions(downbeat, beats, CFG)
    assert (metres == metre).all() and np.array_equal(np.flatnonzero(position == 0), firsts)


@pytest.mark.parametrize("first, second", [(3, 4), (4, 3), (4, 5), (2, 3), (7, 4)])
def test_metres_change_within_a_song(first, second):
    beats, downbeat, firsts = bars_of(*[first] * 8, *[second] * 8)
    position, metres = bar_positions(downbeat, beats, CFG)
    assert np.array_equal(np.flatnonzero(position == 0), firsts)
    assert np.array_equal(metres, np.repeat([first, second], [8 * first, 8 * second]))


def test_places_in_bars_follow_their_metres():
    beats = np.arange(14) * 10
    positions, metres = np.r_[0:3, 0:3, 0:4, 0:4], np.repeat([3, 4], [6, 8])
    _, bar = frame_positions(beats, positions, metres, 140)
    assert np.allclose(bar[beats], positions / metres) and ((bar >= 0) & (bar < 1)).all()


def test_parts_of_beats_are_halves_or_thirds():
    spans = part_spans(np.array([10, 40, 70, 100]), np.array([3, 2, 3, 2]), 110)
    assert [start for start, _ in spans] == [0, 10, 20, 30, 40, 55, 70, 80, 90, 100]


@pytest.mark.parametrize("shares, division", [((1 / 3, 2 / 3), 3), ((1 / 2,), 2), ((2 / 3,), 2)])
def test_beats_divide_where_it_sounds_between_them(shares, division):
    beats = np.arange(40) * 60
    activation = np.full(2400, 0.02)
    for share in (0, *shares):
        activation[(beats + share * 60).astype(int)] = 0.8
    divisions = beat_divisions(beats, (activation,) * 3, CFG)
    assert (divisions == division).all()


def test_compound_time_begins_within_a_song():
    beats = np.arange(80) * 60
    activation = np.full(4800, 0.02)
    activation[beats[:40] + 30] = 0.8
    activation[beats[40:, None] + [20, 40]] = 0.8
    divisions = beat_divisions(beats, (activation,) * 3, CFG)
    assert (divisions[:35] == 2).all() and (divisions[45:] == 3).all()


def test_spans_have_their_mean():
    mean = mean_over_spans(np.array([[0.0], [1.0], [0.5]]), [(0, 2), (2, 3)])
    assert mean.dtype == np.float32 and mean[:, 0].tolist() == [0.5, 0.5, 0.5]
