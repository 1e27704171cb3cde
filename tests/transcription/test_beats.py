"""Facts about beats, metre and bars."""

import numpy as np
import pytest

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription.beats import bar_positions, find_beats, frame_positions, half_beats

AUDIO, CFG = AudioConfig(), DecodingConfig()


def bars_at(marks, like):
    """The downbeat head's activation where bars begin at `marks`."""
    activation = np.full(len(like), 0.02)
    activation[marks] = 0.8
    return activation


@pytest.mark.parametrize("bpm", [62, 84, 100, 128, 150, 176])
def test_beats_are_found_at_any_usual_tempo(bpm):
    period = 60 / bpm * AUDIO.frame_rate
    marks = np.round(np.arange(5, 1800, period)).astype(int)
    activation = np.full(1800, 0.02)
    activation[marks] = 0.9
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_beats_go_on_through_an_intro_a_break_and_an_ending_without_any():
    marks = np.arange(6, 3000, 32)
    activation = np.full(3000, 0.02)
    activation[[m for m in marks if 500 < m < 1200 or 1700 < m < 2500]] = 0.9
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_beats_follow_a_tempo_that_rises_by_a_tenth():
    marks = np.cumsum(np.linspace(36, 32, 60)).round().astype(int)
    activation = np.full(2200, 0.05)
    activation[marks] = 0.8
    found = find_beats(activation, bars_at(marks[::4], activation), AUDIO, CFG)
    assert np.abs(marks[:, None] - found[None]).min(1).max() <= 1


@pytest.mark.parametrize("first", [5, 27])
def test_eighths_are_no_beats_where_they_are_fast_and_weaker(first):
    beats, activation = np.arange(first, 2400, 44), np.full(2400, 0.02)
    activation[5::22], activation[beats] = 0.5, 0.9  # 170 a minute, every other one stronger
    found = find_beats(activation, bars_at(beats[::4], activation), AUDIO, CFG)
    inner = found[(found > 100) & (found < 2300)]
    assert np.median(np.diff(inner)) == 44 and np.abs(inner[:, None] - beats).min(1).max() <= 1


def test_weak_strokes_on_the_off_beats_do_not_double_the_tempo():
    activation = np.full(1800, 0.02)
    activation[5::30], activation[20::30] = 0.9, 0.3
    bars = bars_at(np.arange(5, 1800, 120), activation)
    assert np.abs(find_beats(activation, bars, AUDIO, CFG) - np.arange(5, 1800, 30)).max() <= 1


@pytest.mark.parametrize("bar, tempo", [(4, 1), (8, 2)])
def test_beats_of_which_only_every_eighth_begins_a_bar_are_eighths(bar, tempo):
    marks, activation = np.arange(5, 2400, 26), np.full(2400, 0.02)
    # 144 a minute, hardly one stronger than the next
    activation[marks], activation[marks[::2]] = 0.85, 0.92
    found = find_beats(activation, bars_at(marks[::bar], activation), AUDIO, CFG)
    assert (
        np.median(np.diff(found)) == 26 * tempo
        and np.abs(found[:, None] - marks[::tempo]).min(1).max() <= 1
    )


def test_without_beats_the_grid_is_even():
    beats = find_beats(np.zeros(1000), np.zeros(1000), AUDIO, CFG)
    assert np.ptp(np.diff(beats)) <= 1
    assert np.isclose(np.diff(beats).mean(), 60 / CFG.fallback_bpm * AUDIO.frame_rate, rtol=0.03)


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_bars_are_counted_from_the_downbeats(metre, first):
    beats = np.arange(0, 40) * 30
    downbeat = np.full(1300, 0.05)
    downbeat[beats[first::metre]] = 0.9
    position, found = bar_positions(downbeat, beats, CFG)
    assert (found == metre).all() and np.array_equal(position, (np.arange(40) - first) % metre)


def test_a_bar_that_is_a_beat_short_shifts_the_count_once():
    beats = np.arange(0, 64) * 30
    firsts = np.concatenate([np.arange(0, 32, 4), np.arange(35, 64, 4)])
    downbeat = np.full(2000, 0.02)
    downbeat[beats[firsts]] = 0.98
    position, metres = bar_positions(downbeat, beats, CFG)
    assert (metres == 4).all() and np.array_equal(np.flatnonzero(position == 0), firsts)


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
    spans = half_beats(np.array([7, 37, 68]), 100)
    assert spans[0][0] == 0 and spans[-1][1] == 100
    assert all(a[1] == b[0] for a, b in zip(spans[:-1], spans[1:], strict=True))
    assert {start for start, _ in spans} >= {7, 22, 37, 68}
