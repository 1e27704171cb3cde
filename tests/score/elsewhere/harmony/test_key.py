import pytest

from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.score.elsewhere.harmony.key import key_of
from kcarol.score.elsewhere.harmony.roll import Roll
from kcarol.score.elsewhere.written import KeySignature, Written, WrittenBar
from kcarol.transcription.lead_sheet import Note

MAJOR = (0, 4, 7, 5, 4, 2, 7, 0)
MINOR = (9, 12, 16, 14, 12, 11, 16, 9)  # of the same signature


def key(steps, sharps=None, mode=None, transposed=0):
    notes = tuple(Note(beat, 1, 60 + step + transposed) for beat, step in enumerate(steps))
    bars = tuple(WrittenBar(start, 4, 4, 4) for start in range(0, len(steps), 4))
    keys = () if sharps is None else (KeySignature(0, sharps, mode),)
    written = Written("", bars, (), keys=keys)
    return key_of(written, Roll.of(notes, notes, BeatAxis.of(written)))


@pytest.mark.parametrize(("steps", "expected"), [(MAJOR, (2, "major")), (MINOR, (11, "minor"))])
def test_of_the_two_keys_of_a_signature_the_one_that_sounds_is_taken(steps, expected):
    assert key(steps, sharps=2, mode="major", transposed=2) == expected


def test_a_score_that_names_its_minor_is_believed():
    assert key(MAJOR, sharps=0, mode="minor") == (9, "minor")


def test_without_a_signature_or_with_an_empty_one_the_key_is_heard():
    assert key(MAJOR, transposed=4) == (4, "major")
    assert key(MAJOR, sharps=0, mode="major", transposed=4) == (4, "major")


def test_a_signature_of_sharps_or_flats_is_believed():
    assert key(MAJOR, sharps=-1) == (5, "major")
