"""Facts about beats: they follow the tempo that is played."""

import numpy as np
import pytest

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription.beats import find_beats

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


def activations_at(times, bar=4):
    """Beat and downbeat activations (F,), and the frames (N,) of beats at `times` in frames."""
    marks = np.round(times).astype(int)
    beat = np.full(marks[-1] + 10, 0.02)
    beat[marks] = 0.95
    return beat, bars_at(marks[::bar], beat), marks


def times_of(*bpm):
    """Frames of beats whose tempi are `bpm`, the first at 5."""
    return 5 + np.cumsum(np.r_[0, 60 / np.concatenate(bpm) * AUDIO.frame_rate])


TEMPI = {
    "faster at once": (np.full(32, 100), np.full(44, 140)),
    "slower at once": (np.full(40, 120), np.full(24, 80)),
    "half as fast": (np.full(40, 140), np.full(24, 70)),
    "gliding": (np.linspace(90, 150, 60),),
    "drifting": (110 * np.exp(0.12 * np.sin(np.arange(64) / 9)),),
    "rubato": (90 * (1 + 0.15 * np.sin(np.arange(64) * np.pi / 4)),),
    "slow compound time": (np.full(20, 42),),
    "a short clip": (np.full(7, 140),),
}


@pytest.mark.parametrize("kind", TEMPI)
def test_beats_follow_a_tempo_that_changes(kind):
    beat, downbeat, marks = activations_at(times_of(*TEMPI[kind]))
    found = find_beats(beat, downbeat, AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_around_a_fermata_which_may_count_as_two_beats_all_are_found_but_its_neighbour():
    beat, downbeat, marks = activations_at(times_of(np.full(20, 96), [40], np.full(20, 96)))
    found = find_beats(beat, downbeat, AUDIO, CFG)
    off = np.abs(marks[:, None] - found).min(1)
    assert (off <= 2).sum() >= len(marks) - 1 and len(found) <= len(marks) + 1


def test_after_a_silent_pause_beats_begin_anew_at_another_tempo():
    first, second = times_of(np.full(32, 110)), times_of(np.full(24, 84))
    beat, downbeat, marks = activations_at(np.r_[first, first[-1] + 190 + second])
    found = find_beats(beat, downbeat, AUDIO, CFG)
    assert (np.abs(marks[:, None] - found).min(1) <= 1).all()
    assert not ((found > first[-1] - 25) & (found < first[-1] - 4)).any()
    assert len(found[found >= marks[33] - 4]) == len(second)


@pytest.mark.parametrize("bpm", [45, 60, 72])
def test_eighths_of_compound_time_are_no_beats(bpm):
    beat, downbeat, marks = activations_at(times_of(np.full(24, bpm)))
    gap = 60 / bpm * AUDIO.frame_rate
    for third in (1 / 3, 2 / 3):
        beat[np.round(marks + third * gap).astype(int)[:-1]] = 0.5
    found = find_beats(beat, downbeat, AUDIO, CFG)
    assert len(found) == len(marks) and np.abs(found - marks).max() <= 1


def test_a_single_beat_is_continued_to_both_ends():
    activation = np.full(100, 0.02)
    activation[50] = 0.9
    found = find_beats(activation, 0.02 + 0 * activation, AUDIO, CFG)
    assert 50 in found and len(found) >= 2 and found[0] >= 0 and found[-1] < 100
