"""Lists of songs as programs and people write them."""

import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcarol.conversion.manifest import ManifestError, Spellings, read_manifest

NAME = "노래 é.wav"
FORMS = {form: unicodedata.normalize(form, NAME) for form in ("NFC", "NFD")}


def listed(path: Path, entries: list) -> Path:
    path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    return path


def touched(*paths: Path) -> list[Path]:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return list(paths)


def test_a_list_holds_paths_from_its_own_folder_each_once(tmp_path):
    listed(tmp_path / "a.txt", ["b.mp3", "", "sub/한국 노래.mp3", "/abs/c.mp3", "b.mp3", "   "])
    assert read_manifest(tmp_path / "a.txt") == [
        tmp_path / "b.mp3",
        tmp_path / "sub/한국 노래.mp3",
        Path("/abs/c.mp3"),
    ]
    listed(
        tmp_path / "a.jsonl",
        [json.dumps({"song": "new\nline.mp3", "more": 1}), json.dumps({"song": "b.mp3"})],
    )
    assert read_manifest(tmp_path / "a.jsonl") == [tmp_path / "new\nline.mp3", tmp_path / "b.mp3"]
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9.mp3\n")
    assert os.fsencode(read_manifest(tmp_path / "latin.txt")[0].name) == b"\xe9t\xe9.mp3"


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.txt", b"", "found none"),
        ("a.txt", b"\n \n", "found none"),
        ("a.txt", b"RIFF\0\0", "zero byte"),
        ("a.jsonl", b"song.mp3\n", "line 1"),
        ("a.jsonl", b'{"song": "a"}\n{"tune": 1}\n', "line 2"),
        ("a.jsonl", b"[1]\n", "line 1"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ManifestError, match=words) as caught:
        read_manifest(tmp_path / name)
    assert name in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfa.wav\r\n\r\nb.wav\r\n",
        "\ufeffa.wav\r\nb.wav".encode("utf-16-le"),
        "\ufeffa.wav\nb.wav\n".encode("utf-16-be"),
        b"a.wav\rb.wav\r",
    ],
)
def test_byte_order_marks_and_line_breaks_of_other_systems(raw, tmp_path):
    (tmp_path / "list.txt").write_bytes(raw)
    assert read_manifest(tmp_path / "list.txt") == [tmp_path / "a.wav", tmp_path / "b.wav"]


@pytest.mark.parametrize("name", ["l.m3u", "l.M3U8"])
def test_comments_of_play_lists_are_no_songs_but_songs_may_begin_with_their_sign(name, tmp_path):
    songs = touched(tmp_path / "a.wav", tmp_path / "#1 hit.wav")
    lines = ["#EXTM3U", "#EXTINF:3,Somebody - gone.wav", "a.wav", "#1 hit.wav"]
    assert read_manifest(listed(tmp_path / name, lines)) == songs


def test_a_text_list_has_no_comments(tmp_path):
    """A missing song is to be named as such, not passed over."""
    assert read_manifest(listed(tmp_path / "l.txt", ["#1.wav"])) == [tmp_path / "#1.wav"]


@pytest.mark.parametrize("on_disk, in_list", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_of_a_mac_are_found_elsewhere_and_the_other_way_round(on_disk, in_list, tmp_path):
    folder = FORMS[on_disk].removesuffix(".wav")
    (song,) = touched(tmp_path / folder / FORMS[on_disk])
    named = f"{FORMS[in_list].removesuffix('.wav')}/{FORMS[in_list]}"
    assert read_manifest(listed(tmp_path / "l.txt", [named, song])) == [song]
    entry = json.dumps({"song": named}, ensure_ascii=False)
    assert read_manifest(listed(tmp_path / "l.jsonl", [entry])) == [song]
    assert Spellings().existing(tmp_path / named) == song


def test_two_files_that_differ_in_the_form_of_unicode_are_two_songs(tmp_path):
    songs = touched(*(tmp_path / name for name in FORMS.values()))
    assert read_manifest(listed(tmp_path / "l.txt", list(FORMS.values()))) == songs


@pytest.mark.parametrize(
    "line, name",
    [
        (" a.wav", " a.wav"),
        ("  a.wav ", "a.wav"),
        ("sub\\a.wav", "sub/a.wav"),
        ("my%20song.wav", "my song.wav"),
        ("100%25.wav", "100%25.wav"),
    ],
)
def test_lines_are_taken_as_they_stand_and_else_as_other_programs_write_them(line, name, tmp_path):
    (song,) = touched(tmp_path / name)
    assert read_manifest(listed(tmp_path / "l.m3u8", [line])) == [song]


def test_file_addresses_are_paths(tmp_path):
    (song,) = touched(tmp_path / "my song.wav")
    assert read_manifest(listed(tmp_path / "l.m3u8", [song.as_uri()])) == [song]


NAMES = st.text(
    st.characters(exclude_characters="/\r\n\0", exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name.strip() and name not in (".", ".."))


@settings(max_examples=200, deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_every_name_of_a_file_comes_back(names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    songs = touched(*(folder / name for name in names if len(os.fsencode(name)) < 200))
    if songs:
        assert read_manifest(listed(folder / "a list.txt", [song.name for song in songs])) == songs
