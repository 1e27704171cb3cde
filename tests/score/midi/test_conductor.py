from dataclasses import replace

from kcarol.score.midi.conductor import conductor_track, time_signatures
from kcarol.score.midi.places import Places
from kcarol.score.notated import notate
from kcarol.score.score import Score
from tests.score.midi.songs import moving_score, picked_up_score, steady_score


def signatures(score):
    paper = notate(score)
    return [metre for _, metre in time_signatures(paper, Places.of(paper, score.grid))]


def test_changes_of_metre_are_written():
    assert signatures(moving_score())[1:] == [(4, 4), (7, 4), (12, 8)]
    assert signatures(steady_score(2, 3)) == [(6, 8)]


def test_silence_before_the_first_beat_is_a_bar():
    assert signatures(moving_score())[0] == (5, 8)  # 1.234 s at 120 quarters a minute


def test_long_silence_is_in_common_time():
    score = steady_score(3)
    later = replace(score.grid, beat_times_s=score.grid.beat_times_s + 100)
    assert signatures(Score.of_sheet(score.sheet, later)) == [(4, 4), (3, 4)]


def test_a_pick_up_has_its_own_time_signature():
    assert signatures(picked_up_score(missing=3))[1:3] == [(1, 4), (4, 4)]


def test_after_a_pause_the_metre_goes_on():
    assert signatures(moving_score(pauses_s=((7, 1.0),)))[1:4] == [(4, 4), (2, 4), (4, 4)]


def test_sections_are_markers():
    score = steady_score()
    paper = notate(score)
    track = conductor_track(paper, Places.of(paper, score.grid), [])
    assert [message.text for message in track if message.type == "marker"] == ["verse"]
