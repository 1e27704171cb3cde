"""A user's songs: from their files where those are there, else from their clips."""

import numpy as np
import pytest

from kcarol.audio.clips import preprocess
from kcarol.audio.encoding import save_audio
from kcarol.audio.files import DataError
from kcarol.evaluation.metrics import FULL_RATE
from kcarol.evaluation.own_songs import full_rate_stereo, load_own_songs


@pytest.fixture
def folders(tmp_path):
    """A song whose left is louder than its right, after 2 s of silence, and its clip."""
    t = np.arange(5 * FULL_RATE) / FULL_RATE
    wave = np.sin(2 * np.pi * 440 * t) * (t > 2) * np.array([[0.4], [0.1]])
    save_audio(tmp_path / "raw" / "my_song #1.wav", wave.astype(np.float32), FULL_RATE)
    preprocess({"kpop": tmp_path / "raw"}, tmp_path, progress=False)
    return tmp_path / "kpop", tmp_path / "raw"


def test_songs_are_heard_in_stereo_from_their_first_sound(folders):
    (song,) = load_own_songs(*folders, 1.5)
    assert song.title == "my song #1" and len(song.mono) == 24_000
    assert song.stereo.shape == (2, round(1.5 * FULL_RATE))
    left, right = np.abs(song.stereo[:, : FULL_RATE // 2]).max(axis=1)
    assert left == pytest.approx(4 * right, rel=0.05) and left > 0.3


def test_of_many_songs_some_are_heard(folders):
    assert load_own_songs(*folders, 1.5, most=0) == []


def test_without_their_files_songs_are_heard_as_the_clip_is(folders):
    clips, files = folders
    save_audio(files / "my_song #1.wav", np.ones(9, np.float32))  # another by the same name
    (other,) = load_own_songs(clips, files, 1.5)
    (alone,) = load_own_songs(clips, files / "nowhere", 1.5)
    for song in (other, alone):
        assert song.stereo.shape == (2, round(1.5 * FULL_RATE))
        assert np.array_equal(*song.stereo) and song.stereo.any()


def test_no_clips_are_no_songs_and_a_damaged_one_is_named(tmp_path):
    assert load_own_songs(tmp_path / "kpop", tmp_path, 1.0) == []
    (tmp_path / "song.pt").write_bytes(b"cut off")
    with pytest.raises(DataError, match="song.pt: expected a clip .* or remove it"):
        load_own_songs(tmp_path, tmp_path, 1.0)


def test_every_sound_becomes_stereo_at_one_rate():
    assert full_rate_stereo(np.zeros(16_000, np.float32)).shape == (2, FULL_RATE)
    assert full_rate_stereo(np.zeros((2, 48_000), np.float32)).shape == (2, FULL_RATE)
