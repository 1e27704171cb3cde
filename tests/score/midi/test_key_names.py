import pytest

from kcarol.score.midi.key_names import key_name, key_named


@pytest.mark.parametrize(
    ("key", "mode", "name"), [(0, "major", "C"), (3, "major", "Eb"), (6, "minor", "F#m")]
)
def test_keys_have_the_names_that_mido_knows(key, mode, name):
    assert key_name(key, mode) == name


def test_all_keys_are_read_as_written():
    from mido import MetaMessage

    for mode in ("major", "minor"):
        for key in range(12):
            name = key_name(key, mode)
            MetaMessage("key_signature", key=name)  # raises for unknown names
            assert key_named(name) == (key, mode)
