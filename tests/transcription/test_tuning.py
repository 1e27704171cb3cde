"""The tuning of a song: steady, drifting, at the edge of a semitone, sung with vibrato."""

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig
from kcarol.transcription.tuning import estimate_tuning

AUDIO = AudioConfig()
RATE = AUDIO.sample_rate
NOTES = (60, 64, 67, 65, 62, 59, 57, 72)


def tune(cents, seconds=8.0, vibrato_cents=0.0, notes=NOTES):
    """(T,): notes of .5 s with six harmonics. `cents`: above A440, a number or (T,)."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    midi = np.array(notes)[(time_s / 0.5).astype(int) % len(notes)]
    swing = vibrato_cents * np.sin(2 * np.pi * 5.5 * time_s)
    hz = 440 * 2 ** ((midi - 69 + (cents + swing) / 100) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    return sum(0.1 / k * np.sin(k * phase) for k in range(1, 7)).astype(np.float32)


def apart(found, cents):
    """The largest distance, whichever semitone the tuning is measured from."""
    return np.abs((found - cents + 50) % 100 - 50).max()


@pytest.mark.parametrize("cents", [-50, -47, -32, 15, 38, 50])
@pytest.mark.parametrize("vibrato_cents", [0, 60, 100])
def test_a_steady_tuning_is_found_under_any_vibrato(cents, vibrato_cents):
    found = estimate_tuning(tune(cents, vibrato_cents=vibrato_cents))
    assert len(found) == AUDIO.n_frames(8 * RATE) and found.dtype == np.float32
    assert apart(found, cents) <= 6


@pytest.mark.parametrize("cents", [-5, 0, 4])
def test_a_song_in_tune_has_none(cents):
    assert not estimate_tuning(tune(cents)).any()


def test_a_sinking_song_is_followed_past_the_edge_of_a_semitone():
    cents = np.linspace(-20, -80, 60 * RATE)
    found = estimate_tuning(tune(cents, 60.0))
    assert apart(found[:-1], cents[:: AUDIO.hop_length]) <= 8
    assert np.abs(np.diff(found)).max() < 5 and abs(found.mean()) <= 50


def test_a_change_of_tuning_is_where_it_is():
    wave = np.concatenate([tune(0, 16.0), tune(35, 16.0)])
    found = estimate_tuning(wave)
    assert apart(found[: 15 * 62], 0) <= 3 and apart(found[17 * 63 :], 35) <= 3


def test_noise_and_silence_have_none_and_do_not_disturb():
    noise = np.random.default_rng(0).normal(0, 0.1, 8 * RATE).astype(np.float32)
    clicks = noise * (np.arange(8 * RATE) % 8_000 < 400)
    for wave in (np.zeros(8 * RATE, np.float32), 1e-5 * noise, noise, clicks):
        assert not estimate_tuning(wave).any()
    silence = np.zeros(3 * RATE, np.float32)
    mixed = np.concatenate([silence, tune(30) + noise, silence])
    assert apart(estimate_tuning(mixed), 30) <= 6


@pytest.mark.parametrize("n_samples", [1, 100, 400, 5_000])
def test_short_songs(n_samples):
    found = estimate_tuning(tune(0)[:n_samples])
    assert len(found) == AUDIO.n_frames(n_samples) and np.isfinite(found).all()


def test_a_long_song_is_read_in_pieces_from_disk():
    wave = tune(-30, 130.0)
    with DiskBuffer() as song:
        song.append(wave)
        assert np.array_equal(estimate_tuning(song), estimate_tuning(wave))
