"""Sounds of a card: one loudness, names that any address holds."""

import numpy as np
import pytest
import soundfile

from kcarol.audio.loudness import loudness_lufs, peak
from kcarol.page.sound import EXACT, LOUDEST_LUFS, Sound, equally_loud_, slug, write_tracks

RATE = 44_100


def noise(channels, level, seconds=2.0):
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal((channels, round(seconds * RATE)))).astype(np.float32)


def test_sounds_become_equally_loud_and_silence_stays():
    sounds = [
        Sound("loud", noise(2, 0.3), RATE),
        Sound("soft", noise(2, 0.001), RATE),
        Sound("mono", noise(1, 0.1), RATE),
        Sound("silent", np.zeros((2, RATE), np.float32), RATE),
    ]
    equally_loud_(sounds)
    both = [np.repeat(sound.wave, 3 - len(sound.wave), axis=0) for sound in sounds[:3]]
    levels = [loudness_lufs(wave, RATE) for wave in both]
    assert levels == pytest.approx([LOUDEST_LUFS] * 3, abs=0.1)
    assert not sounds[3].wave.any()


def test_no_peak_is_cut():
    wave = noise(2, 0.001)
    wave[:, 1000] = 0.9  # much louder than the rest
    sounds = [Sound("click", wave, RATE), Sound("plain", noise(2, 0.1), RATE)]
    equally_loud_(sounds)
    assert max(peak(sound.wave) for sound in sounds) <= 0.9
    levels = [loudness_lufs(sound.wave, RATE) for sound in sounds]
    assert levels[0] == pytest.approx(levels[1], abs=0.1) and levels[0] < LOUDEST_LUFS - 3


def test_tracks_are_files_with_relative_addresses(tmp_path):
    sounds = [
        Sound("Carol, before?", noise(2, 0.1), RATE, "as it was"),
        Sound("노래", noise(1, 0.1), RATE),
    ]
    folder = tmp_path / "listen_files" / "a #1? 50% 곡"
    tracks = write_tracks(sounds, folder, tmp_path, EXACT)
    assert [track.label for track in tracks] == ["Carol, before?", "노래"]
    assert tracks[0].url == "listen_files/a%20%231%3F%2050%25%20%EA%B3%A1/1-carol-before.flac"
    assert {file.name for file in folder.iterdir()} == {
        "1-carol-before.flac",
        "1-carol-before.png",
        "2-sound.flac",
        "2-sound.png",
    }
    assert soundfile.info(folder / "2-sound.flac").duration == pytest.approx(tracks[1].seconds)


def test_slugs_are_short_and_plain():
    assert slug("Q & A/../<b>") == "q-a-b" and slug("???") == "sound" and len(slug("x" * 99)) == 40
