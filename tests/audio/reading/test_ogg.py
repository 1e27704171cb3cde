"""Links of chained Ogg files."""

import subprocess

import pytest
import soundfile
from signals import sine

from kcarol.audio.reading.ffmpeg import find_ffmpeg
from kcarol.audio.reading.ogg import ogg_links


@pytest.fixture
def link(tmp_path):
    soundfile.write(tmp_path / "s.wav", sine(440, 2.0), 16_000)
    path = tmp_path / "s.ogg"
    command = [find_ffmpeg(), "-v", "error", "-i", tmp_path / "s.wav", "-c:a", "libvorbis", path]
    subprocess.run(command, check=True)
    return path.read_bytes()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_each_link_is_found(n, link, tmp_path):
    (tmp_path / "chain.ogg").write_bytes(n * link)
    spans = [(i * len(link), (i + 1) * len(link)) for i in range(n)]
    assert ogg_links(tmp_path / "chain.ogg") == spans


def test_streams_that_begin_together_are_one_link(link, tmp_path):
    first_page = link[: link.index(b"OggS", 4)]
    (tmp_path / "film.ogg").write_bytes(first_page + link)
    assert ogg_links(tmp_path / "film.ogg") == [(0, len(first_page + link))]


def test_damage_between_links_is_skipped(link, tmp_path):
    (tmp_path / "bad.ogg").write_bytes(link + bytes(200_001) + link)
    assert [start for start, _ in ogg_links(tmp_path / "bad.ogg")] == [0, len(link) + 200_001]


def test_what_is_no_ogg_has_no_links(tmp_path):
    for content in (b"", b"OggS", b"Og" * 100_000):
        (tmp_path / "x.ogg").write_bytes(content)
        assert ogg_links(tmp_path / "x.ogg") == []
