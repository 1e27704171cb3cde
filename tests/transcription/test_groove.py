"""Facts about the groove: strokes stand out of what lies beside them, over several bars."""

import numpy as np
import pytest

from kcarol.config import DecodingConfig
from kcarol.transcription.groove import find_strokes

CFG = DecodingConfig()
GROOVE = [1, 0, 0, 1, 0, 0, 1, 0]


def strokes_of(groove, strong, weak, bars=12, late=0):
    """Of steady bars of four beats, a groove (n, 8) or (8,): how likely each eighth is struck,
    (bars, 8), and the groove.

    `strong`, `weak`: the activation on strokes and beside them, one for all or one for each eighth
    but the last.
    """
    beats = np.arange(4 * bars) * 30
    struck = np.resize(groove, (bars, 8)).astype(bool)
    frames = (np.arange(8 * bars) * 15 + np.arange(8 * bars) % 2 * late)[:-1]
    activation = np.zeros(frames[-1] + 40)
    activation[frames] = np.where(struck.ravel()[:-1], strong, weak)
    strokes = find_strokes(
        activation, beats, np.arange(len(beats)) % 4, np.full(len(beats), 2), CFG
    )
    assert not np.delete(strokes, frames).any()
    return np.append(strokes[frames], struck[-1, -1]).reshape(bars, 8), struck


@pytest.mark.parametrize("strong, weak", [(0.95, 0.6), (0.75, 0.05), (0.8, 0.4)])
@pytest.mark.parametrize("late", [0, 5])
def test_strokes_stand_out_of_what_lies_beside_them_also_swung(strong, weak, late):
    found, struck = strokes_of(GROOVE, strong, weak, late=late)
    assert np.array_equal(found > 0.5, struck)


def test_a_stroke_is_likelier_the_surer_it_is_heard_and_the_less_lies_beside_it():

    def of(*levels):
        return strokes_of(GROOVE, *levels)[0][:-1, [0, 3, 6]].min()

    assert of(0.9, 0.1) > of(0.7, 0.1) > of(0.7, 0.35) > of(0.4, 0.1)


def test_one_bar_that_is_not_heard_is_struck_as_the_bars_around():
    strong = np.full((12, 8), 0.9)
    strong[5] = 0.5
    found, struck = strokes_of(GROOVE, strong.ravel()[:-1], 1 - strong.ravel()[:-1])
    assert np.array_equal(found > 0.5, struck)


def test_a_new_groove_is_followed():
    grooves = np.repeat([GROOVE, [1, 0, 1, 0, 1, 0, 1, 0]], 20, axis=0)
    found, struck = strokes_of(grooves, 0.8, 0.2, bars=40)
    assert np.array_equal(
        np.delete(found > 0.5, range(16, 24), axis=0), np.delete(struck, range(16, 24), axis=0)
    )


@pytest.mark.parametrize("strong, weak, all_struck", [(0.85, 0.8, True), (0.3, 0.2, False)])
def test_eighths_that_sound_alike_are_struck_alike(strong, weak, all_struck):
    assert ((strokes_of(GROOVE, strong, weak)[0][:-1] > 0.5) == all_struck).all()


def test_strokes_of_compound_time_lie_on_thirds_of_beats():
    beats = np.arange(24) * 60
    frames = (beats[:-1, None] + [0, 40]).ravel()  # a siciliano
    activation = np.full(1500, 0.05)
    activation[frames] = 0.9
    strokes = find_strokes(activation, beats, np.arange(24) % 2, np.full(24, 3), CFG)
    assert np.array_equal(np.flatnonzero(strokes > 0.5)[: len(frames)], frames)
