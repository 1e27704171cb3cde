"""Facts about the vocabulary of chords."""

import numpy as np

from kcarol.transcription.harmony.vocabulary import CHORDS, NO_CHORD, ROOTS, TONES
from kcarol.transcription.lead_sheet import Chord


def test_every_chord_has_the_tones_of_its_name():
    assert len(CHORDS) == len(TONES) == NO_CHORD
    for (root, quality), tones in zip(CHORDS, TONES, strict=True):
        assert set(np.flatnonzero(tones)) == set(Chord(0, 1, root, quality).pitch_classes)
    assert ROOTS.tolist() == [root for root, _ in CHORDS]
