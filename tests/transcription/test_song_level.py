"""Facts about a song's level: its length, its loudness, and where it fades."""

import numpy as np
import pytest

from kcarol.audio.loudness import loudness_lufs
from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription import song_level
from kcarol.transcription.song_level import SongLevel, measure_fade_db, measure_level

AUDIO, CFG = AudioConfig(), DecodingConfig()
RATE = AUDIO.sample_rate


def tone(length_s, amplitude=0.2):
    return (amplitude * np.sin(np.arange(round(length_s * RATE)) * 0.17)).astype(np.float32)


def test_the_level_is_that_of_the_song():
    song = tone(3.0)
    level = measure_level(song, AUDIO, CFG)
    assert level.n_samples == len(song) and len(level.fade_db) == AUDIO.n_frames(len(song))
    assert level.loudness.lufs == loudness_lufs(song)
    assert level.loudness.rms_db == pytest.approx(20 * np.log10(0.2 / np.sqrt(2)), abs=0.05)


def test_a_steady_song_does_not_fade():
    assert not measure_fade_db(tone(3.0), AUDIO, CFG).any()
    assert not SongLevel.steady(10).fade_db.any()


def test_a_carol_fades_after_its_song_has_ended_and_not_before():
    fade_db = measure_fade_db(
        np.concatenate([tone(3.0), np.zeros(3 * RATE, np.float32)]), AUDIO, CFG
    )
    end = AUDIO.n_frames(3 * RATE)
    release = round(CFG.fade_release_s * AUDIO.frame_rate)
    assert not fade_db[: end + release - 3].any() and (fade_db[end + release + 3 :] < -40).all()


def test_fades_are_the_same_in_pieces(monkeypatch):
    song = np.concatenate([tone(2.0), tone(2.0, 1e-4), tone(1.0)])
    whole = measure_fade_db(song, AUDIO, CFG)
    monkeypatch.setattr(song_level, "PIECE_FRAMES", 37)
    np.testing.assert_allclose(measure_fade_db(song, AUDIO, CFG), whole, atol=1e-3)
