"""Encrypted MP4 files are told by their boxes."""

import struct

import pytest

from kcarol.audio.reading.mp4 import is_encrypted


def box(kind: bytes, content: bytes, large=False) -> bytes:
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def film(kind: bytes, large=False) -> bytes:
    description = box(b"stsd", struct.pack(">II", 0, 1) + box(kind, bytes(28)))
    return (
        box(b"ftyp", b"M4A ")
        + box(b"mdat", b"enca" * 99, large)
        + box(b"moov", box(b"trak", description))
    )


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", [b"enca", b"drms", b"aavd", b"mp4a", b"Opus"])
def test_the_kind_of_the_sample_description_decides(kind, large, tmp_path):
    (tmp_path / "x.m4a").write_bytes(film(kind, large))
    assert is_encrypted(tmp_path / "x.m4a") == (kind in (b"enca", b"drms", b"aavd"))


@pytest.mark.parametrize("content", [b"", b"\0\0", bytes(100), film(b"enca")[:60]])
def test_damaged_boxes_are_not_encrypted(content, tmp_path):
    (tmp_path / "x.m4a").write_bytes(content)
    assert not is_encrypted(tmp_path / "x.m4a")
