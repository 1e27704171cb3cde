"""Facts about the choice of songs."""

import pytest

pytest.importorskip("ipywidgets")
pytest.importorskip("anywidget")

from kcarol.notebook.workbench.chooser import SongChooser
from kcarol.notebook.workbench.songs import Songs


def test_the_first_song_is_chosen_or_the_one_of_a_name(root, song_file):
    assert SongChooser(Songs(root)).path == song_file
    assert SongChooser(Songs(root), "a & b #1").path == song_file
    with pytest.raises(FileNotFoundError, match="expected one of a & b #1, found c"):
        SongChooser(Songs(root), "c")


def test_an_upload_is_chosen(root, folder, song_file):
    chooser = SongChooser(Songs(root))
    chooser.add("new.wav", song_file.read_bytes())
    assert chooser.path == folder / "uploads/new.wav" and chooser.message.value == "new is here"
    assert chooser.list.options == ("a & b #1", "new")


def test_an_unreadable_upload_is_one_line_and_changes_no_choice(root, song_file, said):
    chooser = SongChooser(Songs(root))
    for name in ("broken.mp3", "notes.txt"):
        chooser.add(name, b"no sound")
        assert said(chooser.message).startswith(name) and str(root) not in said(chooser.message)
    assert chooser.path == song_file and chooser.list.options == ("a & b #1",)


def test_the_first_song_that_can_be_read_is_chosen(root, song_file, capsys):
    song_file.with_name("(cut).mp3").write_bytes(b"no sound")
    chooser = SongChooser(Songs(root))
    assert chooser.path == song_file and chooser.list.options == ("(cut)", "a & b #1")
    assert capsys.readouterr().out.startswith("passed over: (cut).mp3: ")


def test_what_goes_wrong_when_another_is_chosen_is_said(root, song_file, said):
    chooser = SongChooser(Songs(root), changed=lambda: chooser.path)
    other = song_file.with_name("other.wav")
    other.write_bytes(song_file.read_bytes())
    chooser.list.options = ["a & b #1", "other"]
    other.unlink()
    chooser.list.value = "other"
    assert said(chooser.message).startswith("other: expected its file, found none")


def test_without_songs_one_is_asked_for(tmp_path):
    chooser = SongChooser(Songs(tmp_path))
    with pytest.raises(ValueError, match="upload one, or put some into data/raw/kpop"):
        _ = chooser.path
