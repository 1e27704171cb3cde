"""The comment beside the sound, whoever writes it."""

import pytest
from signals import sine

from kcarol.audio.encoding import read_comment, save_audio
from kcarol.audio.writing.formats import SAVE_FORMATS


@pytest.mark.parametrize("suffix", SAVE_FORMATS)
def test_comments_come_back(suffix, tmp_path):
    comment = 'a "comment": = ; # \\ {캐럴}'
    assert read_comment(save_audio(tmp_path / f"a{suffix}", sine(440), comment=comment)) == comment
    assert read_comment(save_audio(tmp_path / f"b{suffix}", sine(440))) == ""
    assert read_comment(tmp_path / f"none{suffix}") == ""
