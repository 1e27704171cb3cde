import errno
import os

import numpy as np
import pytest
from served import served

from kcarol.voice.separation.download import DownloadError, download

CONTENT = np.random.default_rng(0).bytes(1_000_000)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with served(CONTENT) as server:
        yield server


def test_a_file_is_fetched_and_progress_told(server, tmp_path):
    told = []
    download(server.url, tmp_path / "new" / "file", lambda *done: told.append(done))
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert os.listdir(tmp_path / "new") == ["file"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [n for n, _ in told] == sorted(n for n, _ in told)


def test_a_broken_connection_is_made_again_and_goes_on(server, tmp_path):
    server.breaks_after = [300_000, 200_000]
    download(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(server, tmp_path):
    server.breaks_after = [300_000, 0]
    with pytest.raises(DownloadError, match="ended after 300000: call again"):
        download(server.url, tmp_path / "file")
    download(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-"


@pytest.mark.parametrize("change", [{"version": '"2"'}, {"knows_ranges": False}])
def test_it_is_begun_anew_where_the_file_changed_or_no_ranges_are_known(server, tmp_path, change):
    server.breaks_after = [300_000, 0]
    with pytest.raises(DownloadError):
        download(server.url, tmp_path / "file")
    server.content = CONTENT[::-1]
    for name, value in change.items():
        setattr(server, name, value)
    download(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_what_is_there_without_its_version_is_not_gone_on_with(server, tmp_path):
    (tmp_path / "file").write_bytes(b"something else")
    download(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_what_the_server_refuses_is_one_line(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match="file.pt: the server answers 404") as caught:
        download(server.url, tmp_path / "file")
    assert len(str(caught.value).splitlines()) == 1


def test_without_network_there_is_one_line(tmp_path):
    with served(b"") as server:
        url = server.url
    with pytest.raises(DownloadError, match="cannot be reached .*refused") as caught:
        download(url, tmp_path / "file")
    assert len(str(caught.value).splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_more_than_the_server_has_is_thrown_away(server, tmp_path):
    server.breaks_after = [300_000, 0]
    with pytest.raises(DownloadError):
        download(server.url, tmp_path / "file")
    server.content = CONTENT[:300_000]
    with pytest.raises(DownloadError, match="answers 416"):
        download(server.url, tmp_path / "file")
    download(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT[:300_000]


def test_a_full_disk_is_named(server, tmp_path):
    def fill(n_done, n_bytes):  # called between two writes
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        download(server.url, tmp_path / "file", fill)
    assert caught.value.filename == str(tmp_path / "file")
