"""Who plays what in a case."""

import numpy as np
import pytest

from kcarol.corpus.cases.kinds import Settings
from kcarol.corpus.cases.passages import draw_passages
from kcarol.corpus.cases.score import players, write_score


def written(kind, seed=0):
    rng = np.random.default_rng(seed)
    settings = Settings.draw(kind, rng)
    passages = draw_passages(settings, rng)
    return settings, passages, write_score(settings, passages, rng)


@pytest.mark.parametrize("kind", ["full band", "sung alone", "duet", "riff", "rap", "drums alone"])
def test_those_play_who_belong_to_the_texture(kind):
    settings, _, score = written(kind)
    assert list(score.parts) == players(settings.texture)
    assert all(score.parts.values())


def test_there_is_a_tune_where_somebody_sings_or_plays_it():
    for kind in ("full band", "sung alone", "duet", "riff"):
        assert written(kind)[2].tune
    for kind in ("rap", "drums alone", "noise"):
        assert written(kind)[2].tune == ()


def test_chords_fill_the_piece_unless_nobody_plays_them():
    _, passages, score = written("steady")
    assert score.chords[0].start_s == passages[0].edges_s[0]
    assert score.chords[-1].end_s == passages[-1].edges_s[-1]
    assert written("sung alone")[2].chords == written("drums alone")[2].chords == []


def test_nobody_strikes_anew_while_a_fermata_is_held():
    _, (first, _), score = written("fermata")
    begin_s, end_s = first.edges_s[-2:]
    for strokes in score.parts.values():
        assert not [s for s in strokes if begin_s + 1e-3 < s.start_s < end_s - 1e-3]
