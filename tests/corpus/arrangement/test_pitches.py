"""Chords under the hands."""

import numpy as np
import pytest

from kcarol.corpus.arrangement.pitches import voicing_of
from kcarol.transcription.lead_sheet import Chord


@pytest.mark.parametrize("quality", ["maj7", "7", "6", "add9", "min7", "sus4"])
def test_a_guitar_has_every_tone_of_a_chord_under_five_fingers(quality):
    for root in range(12):
        chord = Chord(0, 4, root, quality)
        strings = voicing_of(chord, 60, "guitar")
        assert len(strings) == 5 and {pitch % 12 for pitch in strings} == set(chord.pitch_classes)
        assert all(3 <= gap <= 14 for gap in np.diff(strings))
