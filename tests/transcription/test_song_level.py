"""Facts about a song's level: its length, its loudness, and where it fades."""

import numpy as np
import pytest

from kcarol.audio.loudness import SILENT_DB, loudness_lufs
from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription import song_level
from kcarol.transcription.song_level import SongLevel, measure_level, sounding_span

AUDIO, CFG = AudioConfig(), DecodingConfig()
RATE = AUDIO.sample_rate


def tone(length_s, amplitude=0.2):
    return (amplitude * np.sin(np.arange(round(length_s * RATE)) * 0.17)).astype(np.float32)


def fade_of(song):
    return measure_level(song, AUDIO, CFG).fade_db


def below_hearing(length_s):
    """What is no sound, by name: (T,) each."""
    t = np.arange(round(length_s * RATE)) / RATE
    rng = np.random.default_rng(0)
    sounds = {
        "silence": 0 * t,
        "constant": np.full_like(t, 0.05),
        "negative constant": np.full_like(t, -0.002),
        "dither": np.round(rng.triangular(-1, 0, 1, len(t))) / 2**15,
        "one step": rng.choice([-1, 1], len(t)) / 2**15,
    }
    for hz in (1, 12, 20, 28):
        sounds[f"rumble of {hz} Hz"] = 0.01 * np.sin(2 * np.pi * hz * t)
    sounds["all at once"] = sum(sounds.values()) / 2
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}


KINDS = list(below_hearing(0.1))


@pytest.mark.parametrize("kind", KINDS)
def test_pauses_are_pauses_whatever_lies_below_hearing(kind):
    song = np.concatenate([tone(3.0), np.zeros(3 * RATE, np.float32), tone(2.0)])
    inaudible = below_hearing(8.0)[kind]
    plain, found = fade_of(song), fade_of(song + inaudible)
    paused = slice(AUDIO.n_frames(round(3.8 * RATE)), AUDIO.n_frames(round(5.8 * RATE)))
    assert (found[paused] < -40).all()
    np.testing.assert_allclose(found[: paused.start - 12], plain[: paused.start - 12], atol=1e-3)
    assert not found[paused.stop + 20 :].any()


def test_a_soft_song_pauses_as_a_loud_one_does():
    pause = np.zeros(2 * RATE, np.float32)
    soft, loud = (fade_of(np.concatenate([tone(3.0, a), pause])) for a in (0.001, 0.5))
    assert soft[-1] == pytest.approx(loud[-1], abs=0.1) and loud[-1] < -60


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_below_hearing_alone_is_silence(kind):
    loudness = measure_level(below_hearing(3.0)[kind], AUDIO, CFG).loudness
    assert loudness.lufs == -np.inf and loudness.rms_db == SILENT_DB


@pytest.mark.parametrize("hz", [41.2, 60, 1000, 7000])
def test_the_lowest_bass_and_soft_notes_are_sound(hz):
    for amplitude in (0.5, 1e-3):
        song = (amplitude * np.sin(2 * np.pi * hz * np.arange(3 * RATE) / RATE)).astype(np.float32)
        level = measure_level(song, AUDIO, CFG)
        rms_db = 20 * np.log10(amplitude / np.sqrt(2))
        assert level.loudness.rms_db == pytest.approx(rms_db, abs=0.1) and not level.fade_db.any()


def test_a_constant_does_not_make_a_song_louder():
    plain, moved = (measure_level(tone(3.0) + offset, AUDIO, CFG) for offset in (0, 0.3))
    assert moved.loudness.rms_db == pytest.approx(plain.loudness.rms_db, abs=0.01)


def test_the_level_is_that_of_the_song():
    song = tone(3.0)
    level = measure_level(song, AUDIO, CFG)
    assert level.n_samples == len(song) and len(level.fade_db) == AUDIO.n_frames(len(song))
    assert level.loudness.lufs == loudness_lufs(song)
    assert level.loudness.rms_db == pytest.approx(20 * np.log10(0.2 / np.sqrt(2)), abs=0.05)


def test_a_steady_song_does_not_fade():
    assert not fade_of(tone(3.0)).any()
    assert not SongLevel.steady(10).fade_db.any()


def test_a_carol_fades_after_its_song_has_ended_and_not_before():
    fade_db = fade_of(np.concatenate([tone(3.0), np.zeros(3 * RATE, np.float32)]))
    end = AUDIO.n_frames(3 * RATE)
    release = round(CFG.fade_release_s * AUDIO.frame_rate)
    assert not fade_db[: end + release - 3].any() and (fade_db[end + release + 3 :] < -40).all()


def test_loudness_is_told_against_the_loud_passages_whatever_the_songs_level():
    song = np.concatenate([tone(3.0, 0.05), tone(4.0, 0.5), np.zeros(3 * RATE, np.float32)])
    for gain in (1, 0.01):
        loudness_db = measure_level(np.float32(gain) * song, AUDIO, CFG).loudness_db
        assert len(loudness_db) == AUDIO.n_frames(len(song)) and loudness_db.dtype == np.float32
        assert loudness_db[60:150] == pytest.approx(-20, abs=0.5)
        assert loudness_db[220:400] == pytest.approx(0, abs=0.5)
        assert (loudness_db[-100:] == song_level.SOFTEST_DB).all()


@pytest.mark.parametrize("n_samples", [400, RATE])
def test_silence_has_the_least_loudness(n_samples):
    loudness_db = measure_level(np.zeros(n_samples, np.float32), AUDIO, CFG).loudness_db
    assert (loudness_db == song_level.SOFTEST_DB).all()


def test_a_song_sounds_from_its_first_to_its_last_lasting_sound():
    loudness_db = np.full(1000, -60.0)
    loudness_db[100:800] = -3
    loudness_db[300:400] = -60  # a pause
    loudness_db[990:] = 0  # a click
    assert sounding_span(loudness_db) == (100, 800)
    assert sounding_span(np.full(50, -60.0)) == (0, 50)


def test_a_song_that_fades_sounds_as_long_as_it_is_heard():
    fading = np.linspace(0, -60, 601)
    assert sounding_span(fading) == (0, 500)


def test_fades_and_loudness_are_the_same_in_pieces(monkeypatch):
    song = np.concatenate([tone(2.0), tone(2.0, 1e-4), tone(1.0)])
    whole = measure_level(song, AUDIO, CFG)
    monkeypatch.setattr(song_level, "PIECE_FRAMES", 37)
    pieces = measure_level(song, AUDIO, CFG)
    np.testing.assert_allclose(pieces.fade_db, whole.fade_db, atol=1e-3)
    np.testing.assert_allclose(pieces.loudness_db, whole.loudness_db, atol=0.02)
