"""The page of carols: what is kept of it, what is made anew, and what it says of a song."""

import os

import pytest
from transcriptions import labels_of, transcription_of

from kcarol.page.page import Page
from kcarol.page.songs import CarolPage, describe


@pytest.fixture(scope="module")
def heard():
    return transcription_of(labels_of("Jingle Bells"))


@pytest.fixture
def songs(tmp_path, make_song):
    """Three songs and their carols, two of them in a folder below."""
    names = ("a", 'sub/<b>50% & "q"\' #1?', "sub/노래")
    pairs = {
        make_song(tmp_path / f"{name}.wav", 2.0): make_song(
            tmp_path / f"{name}.carol.wav", 2.0, 500
        )
        for name in names
    }
    return list(pairs.items())


def test_key_metre_tempo_and_bars_are_said(heard):
    said = describe(heard)
    assert said.startswith("Heard: ") and " major, 4/4, " in said and said.endswith(" bars")


def test_the_page_lists_all_songs_in_the_order_of_the_call(songs, heard, tmp_path):
    page = CarolPage(tmp_path / "listen.html", [carol for _, carol in songs])
    assert not page.write() and not page.path.exists()
    for song, carol in reversed(songs):
        page.add(song, carol, heard)
    text = page.path.read_text("utf-8")
    assert "3 songs as carols" in text and text.count("<audio") == 6
    assert text.index(">a</bdi>") < text.index("&lt;b&gt;50% &amp;") < text.index("노래</bdi>")
    assert 'src="listen_files/sub/%EB%85%B8%EB%9E%98.carol/2-carol.mp3"' in text


def test_cards_of_an_earlier_call_are_used_until_song_or_carol_change(songs, heard, tmp_path):
    (song, carol), *_ = songs
    page = CarolPage(tmp_path / "listen.html", [carol])
    assert not page.is_current(song, carol)
    page.add(song, carol, heard)
    assert "a as a carol" in page.path.read_text("utf-8")
    again = CarolPage(tmp_path / "listen.html", [carol for _, carol in songs])
    assert again.is_current(song, carol) and again.write()
    os.utime(carol, (1, 1))
    assert not again.is_current(song, carol)


def test_another_page_is_not_overwritten(tmp_path):
    (tmp_path / "listen.html").write_text("mine")
    with pytest.raises(FileExistsError, match="no page of kcarol"):
        CarolPage(tmp_path / "listen.html", [])
    CarolPage(tmp_path / "listen.html", [], force=True)
    Page("t", ["l"], []).write(tmp_path / "listen.html")
    CarolPage(tmp_path / "listen.html", [])
