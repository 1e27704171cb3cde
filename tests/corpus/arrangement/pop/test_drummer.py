"""Drums and percussion."""

import numpy as np
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
