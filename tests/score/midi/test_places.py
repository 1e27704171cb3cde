from fractions import Fraction

import numpy as np
import pytest

from kcarol.score.midi.places import Places
from kcarol.score.notated import notate
from tests.score.midi.songs import moving_score, picked_up_score, steady_score

PAUSES = ((15, 2.5), (43, 0.7))


def places_of(score):
    return Places.of(notate(score), score.grid)


@pytest.mark.parametrize(
    "score", [steady_score(), moving_score(), moving_score(pauses_s=PAUSES), picked_up_score()]
)
def test_beats_come_when_they_were_heard(score):
    places = places_of(score)
    found_s = places.tempo_map().time_s(places.starts)
    heard_s = score.grid.beat_times_s[:-1][-len(found_s) :]
    assert np.abs(found_s - heard_s).max() < 1e-5


def test_the_beats_that_a_first_bar_lacks_are_left_out():
    score = picked_up_score(missing=2)
    assert len(places_of(score).starts) == len(score.grid.beat_times_s) - 1 - 2


def test_silence_is_in_bars_of_its_own():
    places = places_of(moving_score(pauses_s=PAUSES))
    assert [begin for begin, _ in places.silences()] == [0, places.stops[15], places.stops[43]]
    assert places_of(steady_score()).silences() == []


def test_what_lasts_to_a_pause_ends_before_it():
    score = moving_score(pauses_s=PAUSES)
    places = places_of(score)
    tempo_map = places.tempo_map()
    assert tempo_map.time_s(places.end_tick(16)) == pytest.approx(score.grid.end_s(16), abs=1e-5)
    assert tempo_map.time_s(places.tick(16)) == pytest.approx(score.grid.time_s(16), abs=1e-5)


@pytest.mark.parametrize("swing", [0.0, 0.2, 1 / 3])
def test_places_are_found_again(swing):
    places = places_of(moving_score(swing, PAUSES))
    for place in [Fraction(n, 12) for n in range(12 * 20)]:
        assert places.quarter(places.tick(place)) == pytest.approx(place, abs=0.005)
        assert places.quarter(places.end_tick(place)) == pytest.approx(place, abs=0.005)


def test_swing_is_heard():
    score = moving_score(swing=1 / 3)
    places = places_of(score)
    found_s = places.tempo_map().time_s(places.tick(Fraction(1, 2)))
    assert found_s == pytest.approx(score.grid.time_s(0.5), abs=1e-3)


def test_a_beat_in_which_a_song_stands_still_has_no_tempo_that_is_too_slow():
    score = moving_score(pauses_s=PAUSES)
    score.grid.beat_times_s[20:] += 60
    assert max(places_of(score).tempo_map().us_per_quarter) < 2**24
