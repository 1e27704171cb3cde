"""Rhythms of bass and chords."""

import numpy as np
import pytest
from metres import ALL_METRES, sheet_in
from pop_songs import plain_song

from kcarol.corpus.arrangement.pop.bands import COMPS
from kcarol.corpus.arrangement.pop.bass import BASS_LINES
from kcarol.corpus.arrangement.pop.rhythms import draw_rhythm
from kcarol.corpus.arrangement.pop.score import Score

STYLES = sorted({*BASS_LINES, *(rhythm for comp in COMPS.values() for rhythm in comp.rhythms)})


@pytest.mark.parametrize(("beats", "division"), ALL_METRES)
@pytest.mark.parametrize("style", STYLES)
def test_a_rhythm_lies_within_its_bar_on_its_parts_and_rings_to_its_end(style, beats, division):
    score = Score.of(sheet_in(beats, division))
    hits = draw_rhythm(style, score, np.random.default_rng(0))
    steps = [2 * division * hit.offset for hit in hits]
    assert steps == pytest.approx(np.round(steps)) and hits[-1].offset < beats
    ends = [hit.offset + hit.length for hit in hits]
    assert ends == pytest.approx([*(hit.offset for hit in hits[1:]), score.beats_per_bar])
    assert all(hit.length > 0 and 0 <= hit.strength <= 1 for hit in hits)


def test_the_draws_after_a_rhythm_do_not_depend_on_its_style():
    score = Score.of(plain_song(0))
    following = set()
    for style in STYLES:
        rng = np.random.default_rng(1)
        draw_rhythm(style, score, rng)
        following.add(rng.random())
    assert len(following) == 1
