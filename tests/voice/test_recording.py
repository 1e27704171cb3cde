"""Facts about files of voices."""

import warnings

import numpy as np
import pytest
import soxr
from voices import RATE, band, sung_voice, write

from kcarol.audio.decoding import load_audio_into
from kcarol.audio.disk_buffer import DiskBuffer, DiskWave
from kcarol.audio.files import AudioError, DoubtfulFileWarning
from kcarol.config import AudioConfig
from kcarol.voice.recording import find_lag, read_voice_onto, voice_of

AUDIO = AudioConfig()


@pytest.fixture
def lag_of(tmp_path):
    """The lag of a wave (T,), written to voice.wav, against the song."""
    song = write(tmp_path / "song.wav", sung_voice() + band())

    def lag(wave):
        with DiskBuffer() as buffer:
            sound = load_audio_into(buffer, song, AUDIO)
            return find_lag(write(tmp_path / "voice.wav", wave), buffer, sound, AUDIO)

    return lag


def test_the_lag_is_found_in_seconds(lag_of):
    assert lag_of(np.pad(sung_voice(), (800, 0))) == 0.05
    assert lag_of(sung_voice()[1600:]) == -0.1


def test_another_length_is_one_line(lag_of):
    with pytest.raises(AudioError, match=r"song of 0:09\.0, found 0:07\.5: give a voice as long"):
        lag_of(sung_voice()[: round(7.5 * RATE)])


def test_silence_is_one_line(lag_of):
    with pytest.raises(AudioError, match="expected a voice, found silence"):
        lag_of(0 * sung_voice())


def test_the_voice_of_another_song_is_one_line(lag_of):
    with pytest.raises(AudioError, match="expected the voice of this song, found nothing"):
        lag_of(sung_voice(seed=1))


def test_the_whole_song_for_its_voice_is_told_and_a_voice_with_some_of_its_band_is_not(lag_of):
    song = sung_voice() + band()
    with pytest.warns(DoubtfulFileWarning, match="voice.wav: .* found the whole song"):
        assert lag_of(np.pad(0.5 * song, (800, 0))) == 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error", DoubtfulFileWarning)
        lag_of(sung_voice() + 0.2 * band())


def test_a_file_that_is_no_sound_is_one_line(tmp_path):
    bad = tmp_path / "voice.wav"
    bad.write_bytes(b"not sound")
    with pytest.raises(AudioError, match="voice.wav"), DiskBuffer() as song:
        sound = load_audio_into(song, write(tmp_path / "song.wav", band()), AUDIO)
        find_lag(bad, song, sound, AUDIO)


@pytest.mark.parametrize("lag", [0, 1_234, -1_234])
def test_a_voice_is_read_in_time_with_its_song_in_stereo_at_any_rate(tmp_path, lag):
    voice = np.stack([sung_voice(), 0.5 * sung_voice()])
    moved = np.pad(voice, ((0, 0), (lag, 0))) if lag >= 0 else voice[:, -lag:]
    wave = soxr.resample(moved.T, RATE, 44_100).T
    with DiskWave(2, round(9 * 48_000)) as read:
        read_voice_onto(read, write(tmp_path / "v.wav", wave, 44_100), lag / RATE, 48_000)
        back = soxr.resample(read[:].T, 48_000, RATE).T
    error = (back - voice)[:, 2_000:-2_000]
    # the lag is taken out to the nearest of 48,000 samples a second
    assert np.mean(error**2) < 0.01 * np.mean(voice**2)


def test_in_a_folder_the_voice_has_the_name_of_its_song(tmp_path):
    song = tmp_path / "my song.mp3"
    for name in ("my song.wav", "other.voice.flac", "my song.txt"):
        (tmp_path / name).write_bytes(b"")
    assert voice_of(song, tmp_path) == tmp_path / "my song.wav"
    assert voice_of(tmp_path / "other.mp3", tmp_path) == tmp_path / "other.voice.flac"
    assert voice_of(song, tmp_path / "any.wav") == tmp_path / "any.wav"


def test_a_folder_without_the_voice_or_with_two_is_one_line(tmp_path):
    with pytest.raises(AudioError, match="expected one voice of song.mp3.*found none"):
        voice_of(tmp_path / "song.mp3", tmp_path)
    for name in ("song.wav", "song.voice.wav"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(AudioError, match="found song.voice.wav, song.wav"):
        voice_of(tmp_path / "song.mp3", tmp_path)
