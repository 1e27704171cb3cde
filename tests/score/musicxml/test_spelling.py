import pytest

from kcarol.score.musicxml.spelling import (
    altered,
    key_of,
    note_name,
    pitch_of,
    root_and_bass,
    signature,
)

MODES = ("major", "minor")


@pytest.mark.parametrize(
    "key, mode, fifths",
    [(0, "major", 0), (7, "major", 1), (5, "major", -1), (6, "major", 6), (9, "minor", 0)],
)
def test_signatures(key, mode, fifths):
    assert signature(key, mode) == fifths


@pytest.mark.parametrize("mode", MODES)
def test_a_signature_tells_the_key(mode):
    assert [key_of(signature(key, mode), mode) for key in range(12)] == list(range(12))


@pytest.mark.parametrize("mode", MODES)
def test_names_are_of_the_pitch_and_have_one_accidental_at_most(mode):
    for fifths in range(-5, 7):
        for pitch in range(128):
            letter, alter, octave = note_name(pitch, fifths, mode)
            assert pitch_of(letter, alter, octave) == pitch and abs(alter) <= 1


@pytest.mark.parametrize("fifths", range(-5, 7))
def test_notes_of_the_key_need_no_accidental(fifths):
    for step in (0, 2, 4, 5, 7, 9, 11):
        letter, alter, _ = note_name(60 + key_of(fifths, "major") + step, fifths, "major")
        assert alter == altered(letter, fifths)


def test_the_leading_note_of_a_minor_key_is_sharp():
    assert note_name(68, 0, "minor")[:2] == ("G", 1)
    assert note_name(68, 0, "major")[:2] == ("A", -1)


def test_roots_are_flat_rather_than_sharp():
    assert [root_and_bass(root, root, 0)[0] for root in (10, 3, 8, 6)] == [
        ("B", -1),
        ("E", -1),
        ("A", -1),
        ("F", 1),
    ]


def test_the_bass_is_a_note_of_the_chord():
    assert root_and_bass(2, 6, 0) == (("D", 0), ("F", 1))
    assert root_and_bass(0, 10, 2) == (("C", 0), ("B", -1))


def test_roots_and_basses_are_of_their_pitch_classes():
    for fifths in range(-5, 7):
        for root in range(12):
            for bass in range(12):
                names = root_and_bass(root, bass, fifths)
                found = [pitch_of(letter, alter, 4) % 12 for letter, alter in names]
                assert found == [root, bass]
                assert all(abs(alter) <= 1 for _, alter in names)
