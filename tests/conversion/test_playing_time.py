"""A carol in its song's tuning: every pitch moved, no note moved in time."""

from dataclasses import replace

import numpy as np
import pytest
from converters import make_converter, song
from scipy.signal import hilbert
from transcriptions import labels_of, transcription_of

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig
from kcarol.conversion.playing_time import PlayingTime

AUDIO = AudioConfig()
RATE, HOP = AUDIO.sample_rate, AUDIO.hop_length
PLAIN = transcription_of(labels_of("Jingle Bells"))
N_FRAMES = len(PLAIN)
SINKING = np.linspace(60, -60, N_FRAMES)


def playing_time(cents):
    return PlayingTime(replace(PLAIN, tuning_cents=np.full(N_FRAMES, cents, np.float32)), AUDIO)


def resampled_sine(time, hz=500.0):
    wave = np.sin(2 * np.pi * hz * np.arange(time.n_samples) / RATE).astype(np.float32)
    carol = np.zeros(PLAIN.level.n_samples, np.float32)
    time.resample_onto(carol, wave)
    return carol


@pytest.mark.parametrize("cents", [-70.0, -7.0, 30.0, 49.0])
def test_a_wave_sounds_at_the_tuning_without_seams(cents):
    carol = resampled_sine(playing_time(cents))
    time_s = np.arange(len(carol)) / RATE
    expected = np.sin(2 * np.pi * 500 * 2 ** (cents / 1200) * time_s)
    assert np.abs(carol - expected)[200:-200].max() < 0.02


def test_a_drifting_tuning_is_followed_without_clicks():
    carol = resampled_sine(playing_time(SINKING))
    phase = np.unwrap(np.angle(hilbert(carol)))
    hz = np.diff(phase[::HOP]) * RATE / HOP / (2 * np.pi)
    cents = 1200 * np.log2(hz / 500)
    assert np.abs(cents - SINKING[: len(cents)])[8:-8].max() < 4


@pytest.mark.parametrize("cents", [-50.0, 50.0, SINKING])
def test_everything_happens_at_its_time(cents):
    time = playing_time(cents)
    stretched = time.stretched
    for name in ("onset", "strokes"):
        frames = np.flatnonzero(getattr(PLAIN, name))
        found = np.flatnonzero(getattr(stretched, name))
        assert np.abs(time.of(frames) - found).max() <= 0.5
    assert np.abs(time.of(PLAIN.beats) - stretched.beats).max() <= 0.5
    begins = np.flatnonzero(stretched.onset)
    assert np.array_equal(stretched.tune[begins], PLAIN.tune[np.flatnonzero(PLAIN.onset)])
    assert len(stretched) == len(stretched.level.fade_db) == AUDIO.n_frames(time.n_samples)


@pytest.mark.parametrize("n_samples", [400, 5_000, 40_000])
@pytest.mark.parametrize("cents", [-50.0, 33.0])
def test_a_detuned_carol_is_as_long_as_its_song(n_samples, cents):
    converter = make_converter()
    heard = converter.transcribe(song()[:n_samples])
    tuned = replace(heard, tuning_cents=np.full(len(heard), cents, np.float32))
    carol = converter.play(tuned)
    assert len(carol) == min(n_samples, len(song())) and np.isfinite(carol).all()
    assert not np.array_equal(carol, converter.play(heard))
    with DiskBuffer(len(carol)) as on_disk:
        assert np.array_equal(converter.play(tuned, carol=on_disk)[:], carol)
