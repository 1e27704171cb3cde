"""ffmpeg as a writer: what it says becomes an error, and blocks may fail."""

from pathlib import Path

import numpy as np
import pytest

from kcarol.audio.writing import mpeg4


def test_what_ffmpeg_cannot_write_is_an_error_with_its_reason(tmp_path):
    with pytest.raises(mpeg4.FfmpegError, match="No such file"):
        mpeg4.write(tmp_path / "none" / "a.m4a", [np.zeros(1_000, np.float32)], 1, 16_000, "")


def test_a_full_disk_is_named():
    with pytest.raises(OSError, match="No space left"):
        mpeg4.write(Path("/dev/full"), [np.zeros(200_000, np.float32)], 1, 16_000, "")


def test_an_error_of_the_blocks_ends_ffmpeg(tmp_path):
    def blocks():
        yield np.zeros(1_000, np.float32)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mpeg4.write(tmp_path / "a.m4a", blocks(), 1, 16_000, "")
