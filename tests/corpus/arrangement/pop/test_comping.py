"""Chord parts."""

import numpy as np
import pytest
from pop_songs import plain_song

from kcarol.corpus.arrangement.pop.bands import COMPS
from kcarol.corpus.arrangement.pop.comping import chord_part
from kcarol.corpus.arrangement.pop.score import Score


@pytest.mark.parametrize("way", ["picked", "stride", "strum"])
def test_guitars_and_stride_pianos_play_chord_tones_only(way):
    for seed in range(20):
        score = Score.of(plain_song(seed))
        events = chord_part(score, np.random.default_rng(seed), COMPS[way], -1.0)
        assert len(events) > len(score.bars)
        for beat, length, pitch, _, _ in events:
            chord = score.chord_at(beat)
            assert pitch % 12 in (*chord.pitch_classes, chord.bass_class)
            assert length > 0
