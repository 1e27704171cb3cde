"""When the beats of a case fall."""

import numpy as np
import pytest

from kcarol.corpus.cases.kinds import Settings, all_kinds
from kcarol.corpus.cases.passages import Metre, draw_passages


def drawn(kind, seed=0):
    rng = np.random.default_rng(seed)
    return draw_passages(Settings.draw(kind, rng), rng)


def tempi_bpm(passage):
    return 60 / np.diff(passage.edges_s)


@pytest.mark.parametrize("kind", all_kinds())
def test_passages_follow_each_other_in_whole_bars(kind):
    passages = drawn(kind)
    assert all(p.n_beats % p.metre.beats == 0 for p in passages)
    edges_s = np.concatenate([p.edges_s for p in passages])
    assert (np.diff(edges_s) >= -1e-9).all() and edges_s[-1] < 40


def test_a_steady_piece_keeps_its_tempo_and_a_stepping_one_has_two():
    assert np.ptp(np.concatenate([tempi_bpm(p) for p in drawn("steady")])) < 1e-6
    first, second = (tempi_bpm(p) for p in drawn("step"))
    assert np.ptp(first) < 1e-6 and np.ptp(second) < 1e-6
    assert 1.15 < max(first[0] / second[0], second[0] / first[0]) < 1.5


def test_a_gliding_tempo_moves_one_way():
    bpm = np.concatenate([tempi_bpm(p) for p in drawn("glide")])
    steps = np.diff(bpm)
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
    assert max(bpm[0] / bpm[-1], bpm[-1] / bpm[0]) > 1.15


def test_the_last_beat_before_a_fermata_ends_is_held():
    first, second = drawn("fermata")
    lengths_s = np.diff(first.edges_s)
    assert first.held_s == pytest.approx(lengths_s[-1]) and second.held_s == 0
    assert first.held_s > 2 * lengths_s[0]


def test_eighths_keep_their_length_where_the_metre_changes():
    for seed in range(8):
        lengths_s = [np.diff(p.edges_s).mean() / p.metre.eighths for p in drawn("changes", seed)]
        assert lengths_s[0] == pytest.approx(lengths_s[1])


def test_the_second_half_of_a_swung_beat_comes_late():
    (first, _), (straight, _) = drawn("swing"), drawn("steady")
    first_s, half_s, second_s = (first.time_s(beat) for beat in (3, 3.5, 4))
    assert 0.62 < (half_s - first_s) / (second_s - first_s) < 0.67
    assert first_s == pytest.approx(first.edges_s[3])
    assert straight.time_s(3.5) == pytest.approx(straight.edges_s[3:5].mean())


def test_short_clips_are_shorter_than_4_s():
    assert all(drawn("short", seed)[-1].edges_s[-1] < 4 for seed in range(20))


def test_beats_of_compound_time_have_three_parts():
    names = ("4/4", "6/8", "7/8", "9/8", "12/8")
    assert [Metre.named(name).division for name in names] == [2, 3, 2, 3, 3]
    assert [Metre.named(name).beats for name in names] == [4, 2, 7, 3, 4]
