"""A carol follows the dynamics of its song: jumps at once, slopes as slopes, silence as silence."""

from dataclasses import replace

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskWave
from kcarol.config import AudioConfig
from kcarol.conversion.sound.dynamics import (
    FOLLOWED,
    MOST_GAIN_DB,
    RINGING_DB_PER_S,
    amplify_,
    follow_loudness_,
    frame_levels,
    missing_gain,
    ringing,
    steadier_mean,
)
from kcarol.transcription.song_level import SongLevel
from kcarol.vocoder.hall import Hall

AUDIO = AudioConfig()
RATE = AUDIO.full_rate
FRAMES_PER_S = AUDIO.frame_rate
N_FRAMES = round(20 * FRAMES_PER_S)
STEADY = np.zeros(N_FRAMES)
TO_END_S = (N_FRAMES - 1 - np.arange(N_FRAMES)) / FRAMES_PER_S
ENTRY = np.where(np.arange(N_FRAMES) < N_FRAMES // 2, -10.0, 0.0)


def noise(n_frames=N_FRAMES, seed=0):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((2, (n_frames - 1) * AUDIO.full_hop)).astype(np.float32)


def followed(carol, loudness_db, fade_db=None):
    level = replace(SongLevel.steady(len(loudness_db)), loudness_db=loudness_db.astype(np.float32))
    level = level if fade_db is None else replace(level, fade_db=fade_db)
    carol = carol.copy()
    follow_loudness_(carol, level, RATE, AUDIO)
    return carol


def test_an_entry_of_the_song_is_an_entry_of_the_carol():
    gain_db = missing_gain(ENTRY, STEADY, FRAMES_PER_S)
    seconds = (np.arange(N_FRAMES) - N_FRAMES // 2) / FRAMES_PER_S
    assert np.allclose(gain_db[seconds < -0.3], -10 * FOLLOWED, atol=1)
    assert np.allclose(gain_db[seconds > 0.3], 0, atol=1)
    assert (np.diff(gain_db) > -0.01).all()


def test_a_crescendo_is_a_crescendo():
    slope = np.linspace(-10, 0, N_FRAMES)
    gain_db = missing_gain(slope, STEADY, FRAMES_PER_S)
    inner = slice(100, -100)
    assert np.abs(gain_db - FOLLOWED * slope)[inner].max() < 0.3


def test_what_the_arranger_plays_loud_is_not_made_louder_again():
    assert np.abs(missing_gain(ENTRY, FOLLOWED * ENTRY, FRAMES_PER_S)).max() < 0.1


def test_an_entry_a_moment_apart_in_song_and_carol_leaves_no_swell():
    late = np.roll(ENTRY, 8)  # an eighth of a second
    late[:8] = -10
    gain_db = missing_gain(ENTRY, FOLLOWED * late, FRAMES_PER_S)
    assert np.abs(gain_db).max() < 1.5


def test_soft_places_are_a_little_louder_than_the_songs():
    for song_db, carol_db in {-10: -8, -20: -18, -40: -38}.items():
        gain_db = missing_gain(STEADY + song_db, STEADY, FRAMES_PER_S)
        assert gain_db == pytest.approx(carol_db, abs=0.01)


def test_rests_of_the_carol_do_not_make_it_louder():
    pulsed = np.where(np.arange(N_FRAMES) % 60 < 30, 0.0, -40.0)
    gain_db = missing_gain(STEADY, pulsed, FRAMES_PER_S)
    assert gain_db[100:-100].max() < 1
    assert missing_gain(STEADY, np.full(N_FRAMES, -50.0), FRAMES_PER_S).max() == MOST_GAIN_DB


def test_the_steadier_side_counts():
    values = np.array([0.0] * 10 + [8.0] * 10)
    mean = steadier_mean(values, np.ones(20), 5)
    assert np.abs(mean[:9]).max() < 0.5 and np.abs(mean[11:] - 8).max() < 0.5
    assert np.allclose(steadier_mean(np.full(7, 3.0), np.ones(7), 5), 3)
    assert np.allclose(steadier_mean(np.array([3.0]), np.ones(1), 5), 3)


def test_levels_of_frames_are_those_of_the_samples_around_them():
    wave = noise()
    wave[:, : wave.shape[1] // 2] *= 0.1
    levels = frame_levels(wave, N_FRAMES, AUDIO.full_hop)
    assert levels[10:-10].min() < -36 and levels[-100:-10].mean() == pytest.approx(-17, abs=0.1)
    assert levels[100:500].mean() == pytest.approx(-37, abs=0.1)
    with DiskWave(*wave.shape) as on_disk:
        on_disk[..., :] = wave
        assert np.array_equal(frame_levels(on_disk, N_FRAMES, AUDIO.full_hop), levels)


@pytest.mark.parametrize("n_samples", [400, 767, 768, 5_000])
def test_short_waves_have_a_level_in_every_frame(n_samples):
    n_frames = 1 + n_samples // AUDIO.full_hop
    levels = frame_levels(np.full((2, n_samples), 0.5, np.float32), n_frames, AUDIO.full_hop)
    assert levels.shape == (n_frames,)
    assert levels.max() == pytest.approx(-3, abs=0.1)


def test_the_carol_has_the_dynamics_of_the_song():
    levels = frame_levels(followed(noise(), ENTRY), N_FRAMES, AUDIO.full_hop)
    half = N_FRAMES // 2
    rise = levels[half + 60 :].mean() - levels[: half - 60].mean()
    assert rise == pytest.approx(10 * FOLLOWED, abs=0.3)


def test_a_song_of_unknown_dynamics_leaves_the_arrangers():
    wave = noise() * np.linspace(0.1, 1, noise().shape[1], dtype=np.float32)
    assert np.allclose(followed(wave, STEADY), wave)


def test_the_carol_fades_where_the_song_does():
    fade_db = np.where(np.arange(N_FRAMES) < N_FRAMES - 200, 0.0, -60.0).astype(np.float32)
    faded = followed(noise(), STEADY, fade_db)
    assert np.abs(faded[:, -190 * AUDIO.full_hop :]).max() < 1e-3


def over_song_db(song_db, carol_db):
    """(F,) by how much a carol of noise whose own loudness is `carol_db` is over its song, in a
    hall.
    """
    carol = noise() * np.repeat(10 ** (carol_db / 20), AUDIO.full_hop)[: noise().shape[1]]
    carol = followed(carol.astype(np.float32), song_db)
    Hall(0.35, RATE).add_(carol)
    levels_db = frame_levels(carol, N_FRAMES, AUDIO.full_hop)
    return levels_db - np.median(levels_db[100:400]) - song_db


@pytest.mark.parametrize("fade_s", [2, 4, 8])
def test_a_song_that_fades_becomes_a_carol_that_fades(fade_s):
    fading = -40 * (1 - TO_END_S / fade_s).clip(0)
    over_db = over_song_db(fading, STEADY)
    assert np.abs(over_db[TO_END_S > 0.3]).max() < 6


@pytest.mark.parametrize("carols_db_per_s", [0, 5, 15])
def test_a_last_chord_rings_as_long_as_the_songs(carols_db_per_s):
    since_s = (4 - TO_END_S).clip(0)
    over_db = over_song_db(-8 * since_s, -carols_db_per_s * since_s)
    heard = (TO_END_S > 0.5) & (carols_db_per_s * since_s < 25)
    assert np.abs(over_db[heard]).max() < 6


def test_what_stops_dead_may_ring_out():
    ringing_db = ringing(np.where(TO_END_S > 2, 0.0, -60.0), FRAMES_PER_S)
    assert ringing_db[TO_END_S <= 1][0] == pytest.approx(-RINGING_DB_PER_S, abs=1)
    assert not ringing_db[TO_END_S > 2].any() and ringing_db[-1] == -60


def test_what_fades_is_loud_again_when_the_song_is():
    song_db = np.where((TO_END_S > 8) & (TO_END_S < 12), -40.0, 0.0)
    over_db = over_song_db(song_db, STEADY)
    assert np.abs(over_db[(TO_END_S > 8.2) & (TO_END_S < 10)]).max() < 6
    assert np.abs(over_db[TO_END_S < 7.8]).max() < 3


@pytest.mark.parametrize("rest_s", [0.5, 1, 3])
def test_what_lies_under_the_tune_comes_forward_where_the_tune_rests(rest_s):
    resting = np.where(np.abs(TO_END_S - 8) < rest_s / 2, -10.0, 0.0)
    over_db = over_song_db(STEADY - 1, resting)  # 0 throughout is an unknown loudness
    in_rest = np.abs(TO_END_S - 8) < rest_s / 2 - 0.1
    assert 10 * np.log10(np.mean(10 ** (over_db[in_rest] / 10))) > -4
    assert np.abs(over_db[400:600]).max() < 2


def test_a_gain_changes_without_steps():
    wave = np.ones((1, 4_000), np.float32)
    amplify_(wave, np.array([0.0, -20.0, -20.0, 0.0, 0.0]), 1_000.5)
    assert np.abs(np.diff(wave)).max() < 1e-3
    assert wave[0, [0, 1_001, 3_002]] == pytest.approx([1, 0.1, 1], abs=1e-3)


def test_stems_get_the_gain_of_their_carol():
    level = replace(SongLevel.steady(N_FRAMES), loudness_db=ENTRY.astype(np.float32))
    carol = noise()
    stems = [0.2 * carol, 0.8 * carol]
    follow_loudness_(carol, level, RATE, AUDIO, stems)
    np.testing.assert_allclose(sum(stems), carol, atol=1e-6)
