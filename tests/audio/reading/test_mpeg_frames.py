"""Holes in MP3 and raw AAC are found, and measured, by their frames."""

import subprocess

import pytest
import soundfile
from signals import sine

from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.audio.reading.mpeg_frames import adts_frame, frame_holes, mp3_frame

CODECS = {"mp3": "libmp3lame", "mp2": "mp2", "aac": "aac"}


@pytest.fixture
def encode(tmp_path):
    def encode(suffix: str, rate: int) -> bytes:
        soundfile.write(tmp_path / "s.wav", sine(440, 6.0, rate), rate)
        path = tmp_path / f"s.{suffix}"
        command = [find_ffmpeg(), "-y", "-v", "error", "-i", tmp_path / "s.wav"]
        subprocess.run([*command, "-c:a", CODECS[suffix], "-b:a", "64k", path], check=True)
        return path.read_bytes()

    return encode


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("suffix", CODECS)
def test_a_hole_is_as_long_as_what_was_there(suffix, rate, encode, tmp_path):
    whole = encode(suffix, rate)
    path = tmp_path / "hole.bin"
    path.write_bytes(whole)
    kind = "aac" if suffix == "aac" else "mp3"
    assert frame_holes(path, kind) == []
    third = len(whole) // 3
    path.write_bytes(whole[:third] + bytes(third) + whole[2 * third :])
    (hole,) = frame_holes(path, kind)
    assert abs(hole.start_s - 2) < 0.3 and abs(hole.seconds - 2) < 0.3
    assert whole[hole.stop_byte] == 0xFF


def test_tags_and_what_lies_at_the_ends_are_no_holes(encode, tmp_path):
    song = encode("mp3", 44_100)
    tag = b"ID3\4\0\0" + bytes([0, 0, 8, 0]) + bytes(1_024)
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"junk" + song + tag + song + b"TAG" + bytes(125) + song + b"junk")
    assert frame_holes(path, "mp3") == []


def test_other_containers_have_no_frames_to_count(tmp_path):
    (tmp_path / "x.flac").write_bytes(bytes(100))
    assert frame_holes(tmp_path / "x.flac", "flac") == []


def test_what_is_no_header_is_none():
    for data in (
        b"",
        b"\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        bytes(8),
        b"\xff\xe0\0\0\0\0\0\0",
    ):
        assert mp3_frame(data, 0) is None and adts_frame(data, 0) is None
