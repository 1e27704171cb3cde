"""What the header of a WAV file promises."""

import hostile
import pytest

from kcarol.audio.reading.wav import promised_share


@pytest.mark.parametrize("riff_size, share", [(None, 1), (0xFFFFFFFF, 1), (0x7FFFFFFF, 1)])
def test_a_whole_file_and_one_of_unknown_size_are_all_there(riff_size, share, tmp_path):
    (tmp_path / "x.wav").write_bytes(hostile.wav(bytes(1_000), riff_size=riff_size))
    assert promised_share(tmp_path / "x.wav") == share


def test_half_a_file_promises_twice_what_is_there(tmp_path):
    whole = hostile.wav(bytes(1_956))
    (tmp_path / "x.wav").write_bytes(whole[:1_000])
    assert promised_share(tmp_path / "x.wav") == 2
    (tmp_path / "x.wav").write_bytes(b"no sound")
    assert promised_share(tmp_path / "x.wav") == 1
