"""Bass lines."""

import numpy as np
from pop_songs import plain_song

from kcarol.corpus.arrangement.pop.bass import bass_line
from kcarol.corpus.arrangement.pop.score import Score


def test_leaping_basses_alternate_root_and_fifth():
    sheet = plain_song(0)
    events = bass_line(Score.of(sheet), np.random.default_rng(3), ("two_feel",))
    score, leaps = Score.of(sheet), 0
    for beat, _, pitch, _, _ in events:
        chord = score.chord_at(beat)
        assert pitch % 12 in (chord.bass_class, chord.pitch_classes[2])
        leaps += pitch % 12 == chord.pitch_classes[2] != chord.bass_class
    assert leaps > 0.25 * len(events)
