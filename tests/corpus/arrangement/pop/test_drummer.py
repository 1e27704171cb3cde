"""Drums and percussion."""

import numpy as np
import pytest
from metres import sheet_in
from pop_songs import plain_song

from kcarol.corpus.arrangement.pop.drummer import drum_part, percussion_part
from kcarol.corpus.arrangement.pop.grooves import DRUMS, GROOVES
from kcarol.corpus.arrangement.pop.score import Score


def test_every_groove_is_played_by_known_drums_within_the_song():
    notes = {note for row in DRUMS.values() for note in row}
    for name, groove in GROOVES.items():
        seed = 3 if groove.beats == 3 else 0
        score = Score.of(plain_song(seed))
        for rng in map(np.random.default_rng, range(5)):
            events = drum_part(score, rng, groove)
            assert events, name
            assert {event.pitch for event in events} <= notes
            last = score.sheet.n_beats + 0.5  # a roll on the last stroke
            assert all(0 <= event.beat < last for event in events)


def test_percussion_repeats_one_rhythm_bar_by_bar():
    score = Score.of(plain_song(0))
    events = percussion_part(score, np.random.default_rng(2))
    bars = {}
    for event in events:
        bars.setdefault(int(event.beat // 4), []).append((event.beat % 4, event.velocity))
    assert len(bars) > 2 and all(bar == next(iter(bars.values())) for bar in bars.values())


@pytest.mark.parametrize("name", GROOVES)
def test_drums_strike_on_the_steps_of_their_metre_and_not_beyond_the_song(name):
    groove = GROOVES[name]
    score = Score.of(sheet_in(groove.beats, groove.division))
    events = drum_part(score, np.random.default_rng(1), groove)
    steps = np.array([event.beat for event in events]) * 4 * groove.steps
    assert np.mean(np.abs(steps - np.round(steps)) < 1e-6) > 0.9
    first_beats = {event.beat for event in events} & {bar.start for bar in score.bars}
    assert len(first_beats) >= 6 and max(event.beat for event in events) < score.sheet.n_beats
