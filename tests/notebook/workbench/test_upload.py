"""Facts about files that come from the browser in pieces."""

import pytest

pytest.importorskip("anywidget")

from kcarol.notebook.workbench.upload import SongUpload


@pytest.fixture
def taken():
    return []


@pytest.fixture
def upload(taken):
    widget = SongUpload(lambda name, content: taken.append((name, content)))
    widget.sent = []
    widget.send = widget.sent.append
    return widget


def send(upload, content, start=0, size=None, name="song.mp3"):
    size = len(content) if size is None else size
    upload.receive(upload, {"name": name, "size": size, "start": start}, [memoryview(content)])


def test_a_file_is_taken_when_its_last_piece_has_come(upload, taken):
    send(upload, b"abc", 0, 5)
    assert taken == [] and upload.sent == [{"received": 3}]
    send(upload, b"de", 3, 5)
    assert taken == [("song.mp3", b"abcde")] and upload.sent[-1] == {"received": 5}


def test_another_file_may_follow_one_that_did_not_come_whole(upload, taken):
    send(upload, b"abc", 0, 5)
    send(upload, b"xy", name="other.wav")
    assert taken == [("other.wav", b"xy")]


def test_an_empty_file_is_taken_as_it_is(upload, taken):
    send(upload, b"")
    assert taken == [("song.mp3", b"")]


def test_browsers_offer_sound_files(upload):
    assert {"audio/*", ".mp3", ".flac"} <= set(upload.accept.split(","))
