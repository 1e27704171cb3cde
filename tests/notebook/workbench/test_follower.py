"""Facts about the page on which a score follows players; test_browser.py plays it."""

import json
import re

import pytest

from kcarol.notebook.workbench.follower import SoundingBar, downloads, file_url, follower

BARS = [SoundingBar("m1", "1", 0.0), SoundingBar("m2", "</script>", 2.5)]


@pytest.fixture
def page_file(folder):
    path = folder / "노래 #1?.1.svg"
    path.write_text("<svg/>", encoding="utf-8")
    return path


def test_addresses_are_relative_and_quoted(folder, song_file):
    assert file_url(folder / "노래 #1?.svg") == "runs/%EB%85%B8%EB%9E%98%20%231%3F.svg"
    assert file_url(song_file) == "../data/raw/kpop/a%20%26%20b%20%231.wav"


def test_players_are_above_pages_that_have_names(song_file, page_file):
    page = follower({"song": song_file}, [page_file], BARS)
    assert page.index("<audio") < page.index("<img")
    assert 'aria-label="song"' in page and 'alt="score, page 1"' in page


def test_bars_are_data_that_no_name_can_end(song_file, page_file):
    page = follower({"song": song_file}, [page_file], BARS)
    [data] = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert json.loads(data)[1] == {"id": "m2", "label": "</script>", "start_s": 2.5}


def test_without_pages_there_are_players_alone(song_file):
    page = follower({"song": song_file}, [], [])
    assert "<audio" in page and "<script" not in page and "paper" not in page


def test_links_save_files_under_their_names(page_file, files_of):
    line = downloads({"a <sheet>": page_file})
    assert files_of(line) == [page_file.relative_to(page_file.parents[1])]
    assert 'download="노래 #1?.1.svg"' in line and "a &lt;sheet&gt;" in line
