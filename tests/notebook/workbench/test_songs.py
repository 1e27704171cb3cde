"""Facts about the songs that a notebook offers, and about uploads."""

import io

import pytest
import soundfile

from kcarol.audio.files import AudioError
from kcarol.config import AudioConfig
from kcarol.notebook.workbench.songs import Songs


@pytest.fixture
def wav(tone):
    """The bytes of a sound file."""
    data = io.BytesIO()
    soundfile.write(data, tone(3), AudioConfig.sample_rate, format="WAV")
    return data.getvalue()


@pytest.fixture
def songs(tmp_path, wav):
    (tmp_path / "data/raw/kpop").mkdir(parents=True)
    (tmp_path / "data/raw/kpop/here.wav").write_bytes(wav)
    return Songs(tmp_path)


def test_uploads_are_kept_beside_the_notebooks_and_chosen_by_name(songs, wav, tmp_path):
    assert songs.add("C:\\music\\my song.WAV", wav) == "my song"
    assert list(songs.files) == ["here", "my song"]
    assert songs.files["my song"] == tmp_path / "notebooks/runs/uploads/my song.wav"
    assert [path.name for path in (tmp_path / "data/raw/kpop").iterdir()] == ["here.wav"]
    assert list(Songs(tmp_path).files) == ["here", "my song"]  # after a restart


def test_a_song_of_a_name_that_is_taken_goes_by_its_file(songs, wav):
    assert songs.add("here.wav", wav) == "here.wav" and list(songs.files) == ["here", "here.wav"]
    assert songs.add("here.wav", wav) == "here.wav" and len(songs.files) == 2


def test_names_that_folders_do_not_take_are_made_plain(songs, wav):
    assert songs.add("../../../" + "노래#1 50%?" * 20 + "\n.wav", wav).startswith("노래#1 50%_")
    assert songs.add("...wav.wav", wav) == "wav" and songs.add("..:..wav", wav)
    assert all(path.is_relative_to(songs.root) for path in songs.files.values())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("notes.txt", "expected a sound file"),
        ("song", "found the ending ''"),
        ("cut.mp3", "cut.mp3"),
    ],
)
def test_what_is_no_sound_is_said_in_one_line_and_not_kept(songs, name, found):
    with pytest.raises(AudioError) as error:
        songs.add(name, b"no sound at all")
    assert found in str(error.value) and "\n" not in str(error.value)
    assert str(songs.root) not in str(error.value)
    assert list(songs.files) == ["here"] and not any(songs.uploads.glob("*"))


def test_without_songs_there_are_none(tmp_path):
    assert Songs(tmp_path).files == {}


def test_a_voice_belongs_to_its_song_and_is_none_itself(songs, wav):
    here = songs.files["here"]
    assert songs.voice_of(here) is None
    assert songs.add("here.voice.wav", wav) == "here"
    assert songs.add("another.voice.wav", wav) == "another.voice"
    assert list(songs.files) == ["here", "another.voice"]
    assert songs.voice_of(here) == songs.uploads / "here.voice.wav"
