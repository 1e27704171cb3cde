"""What training changed: measured on sounds whose answer is known, and said as it is."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
from transcriptions import labels_of, transcription_of

from kcarol.config import AudioConfig
from kcarol.evaluation.before_after import (
    Change,
    compare,
    sound_in_words,
    summary,
    sung_notes,
    tune_in_words,
    write_before_after,
)
from kcarol.evaluation.metrics import FULL_RATE
from kcarol.evaluation.own_songs import OwnSong

SONG_S = 10.0


@pytest.fixture(scope="module")
def heard():
    return transcription_of(labels_of("Jingle Bells"))


@pytest.fixture(scope="module")
def carol(heard):
    """The tune by sines (2, T) at the full rate."""
    pitch = np.repeat(heard.tune, AudioConfig().full_hop)[: round(SONG_S * AudioConfig.full_rate)]
    hz = np.where(pitch >= 0, librosa.midi_to_hz(pitch), 0)
    wave = 0.2 * np.sin(2 * np.pi * np.cumsum(hz) / AudioConfig.full_rate) * (pitch >= 0)
    return np.stack([wave, wave]).astype(np.float32)


def noise(seed, rate=AudioConfig.full_rate):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((2, round(SONG_S * rate)))).astype(np.float32)


@pytest.fixture(scope="module")
def changed(heard, carol):
    """Before training the carol of each song is noise, afterwards its tune."""
    songs = [
        OwnSong(title, np.zeros(round(SONG_S * 16_000), np.float32), noise(seed, FULL_RATE))
        for seed, title in enumerate(("<b>one</b>", "둘"))
    ]
    own = librosa.resample(carol, orig_sr=AudioConfig.full_rate, target_sr=FULL_RATE)
    return compare(songs, [own, own], lambda _: noise(9), lambda _: carol, lambda _: heard)


def test_the_tune_is_told_in_seconds_of_the_song(heard):
    notes = sung_notes(heard)
    assert len(notes) > 20
    frames = [round(note.start_s * AudioConfig().frame_rate) + 2 for note in notes]
    assert np.mean([heard.tune[f] == n.midi for f, n in zip(frames, notes, strict=True)]) > 0.9


def test_a_carol_that_plays_the_tune_in_the_users_sound_has_both_figures(changed):
    for one in changed:
        assert one.sound.after < 0.1 < 0.5 < one.sound.before
        assert one.tune.after > 0.8 > 0.5 > one.tune.before
        assert one.facts[0].startswith("Nearer to your carol's sound: ")
        assert one.facts[1].startswith("The tune is clearer: ")
    assert summary(changed) == "The sound came nearer to your carol in 2 of 2 songs."


def test_what_is_worse_or_the_same_is_said(changed):
    worse = [replace(one, sound=Change(0.5, 0.7)) for one in changed]
    silent = replace(changed[0], sound=Change(0.5, float("nan")))
    assert summary([silent]).endswith("in 0 of 1 songs.")
    assert summary([*changed, *worse]).endswith("in 2 of 4 songs, and went away from it in 2.")
    assert sound_in_words(Change(0.5, 0.7)).startswith("Farther from your carol's sound: 70 %")
    assert sound_in_words(Change(0.5, 0.501)).startswith("As near to your carol's sound as before")
    assert "silent" in sound_in_words(Change(0.5, float("nan")))
    same = (
        "The tune is as clear as before: the strongest tone in 54 % of its 9 notes, before in 50 %."
    )
    assert tune_in_words(Change(0.5, 0.54), 9) == same
    assert tune_in_words(Change(0.7, 0.54), 9).startswith("The tune is less clear: ")
    assert "none was heard" in tune_in_words(Change(float("nan"), float("nan")), 0)


def test_the_page_has_three_sounds_a_song_and_drops_those_of_the_training_before(changed, tmp_path):
    stale = tmp_path / "listen_files" / "9-gone" / "1-song.mp3"
    stale.parent.mkdir(parents=True)
    stale.touch()
    page = write_before_after(tmp_path / "listen.html", changed, "Tiny networks.").read_text(
        "utf-8"
    )
    assert not stale.exists() and "Tiny networks." in page
    assert page.count("<audio") == 6 and "&lt;b&gt;one&lt;/b&gt;" in page and "둘" in page
    names = ("1-song.mp3", "2-carol-before.mp3", "3-carol-after.mp3")
    for folder in ("1-b-one-b", "2-sound"):
        assert all((tmp_path / "listen_files" / folder / name).exists() for name in names)
        assert f'src="listen_files/{folder}/3-carol-after.mp3"' in page
