"""Facts about keys."""

import numpy as np
import pytest

from kcarol.transcription.harmony.key import KEYS, chromatic_tones, find_key, local_keys
from kcarol.transcription.harmony.vocabulary import CHORDS
from kcarol.transcription.lead_sheet import SCALES


def scale(tonic, mode, n=40):
    """(n, 12): a key's scale, its triad twice as much."""
    steps = np.bincount(SCALES[mode], minlength=12) + np.bincount(SCALES[mode][0:5:2], minlength=12)
    return np.tile(np.roll(steps / 2, tonic), (n, 1))


@pytest.mark.parametrize("key", KEYS)
def test_a_scale_has_its_key(key):
    assert find_key(np.array([-1]), scale(*key)) == key
    assert {KEYS[number] for number in local_keys(scale(*key))} == {key}


def test_silence_is_in_c_major():
    assert find_key(np.array([-1, -1]), np.zeros((2, 12))) == (0, "major")


def test_a_modulation_is_followed_and_one_foreign_chord_is_not():
    up = np.concatenate([scale(0, "major"), scale(2, "major")])
    keys = [KEYS[number] for number in local_keys(up)]
    assert keys[0] == (0, "major") and keys[-1] == (2, "major")
    foreign = np.concatenate([scale(0, "major"), scale(8, "major", 2), scale(0, "major")])
    assert len(set(local_keys(foreign).tolist())) == 1


@pytest.mark.parametrize(
    "chord, key, n", [((0, "maj"), (0, "major"), 0), ((2, "maj"), (0, "major"), 1)]
)
def test_tones_outside_the_scale_are_counted(chord, key, n):
    assert chromatic_tones()[KEYS.index(key), CHORDS.index(chord)] == n


def test_the_leading_note_of_minor_is_half_at_home():
    assert chromatic_tones()[KEYS.index((9, "minor")), CHORDS.index((4, "maj"))] == 0.5
