"""A carol in its song's tuning: every pitch moved, no note moved in time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from converters import make_converter, song
from scipy.signal import hilbert

from kcarol.arrangement.played_notes import notes_of
from kcarol.audio.disk_buffer import DiskWave
from kcarol.config import AudioConfig
from kcarol.conversion.settings import CarolSettings
from kcarol.conversion.sound.playing_time import PlayingTime
from kcarol.model.notes import Notes
from kcarol.transcription.lead_sheet import Part, Stroke, SungVowel

AUDIO = AudioConfig()
LENGTH_S = 40.0
N_FRAMES = 1 + round(LENGTH_S * AUDIO.frame_rate)
SINKING = np.linspace(60, -60, N_FRAMES)


def playing_time(cents):
    return PlayingTime(np.full(N_FRAMES, cents, np.float32), AUDIO)


def resampled_sine(time, rate=44_100, hz=500.0):
    """What sounds at `hz` in playing time, left; and at twice that, right; (2, T)."""
    seconds = np.arange(time.n_samples(LENGTH_S)) / AUDIO.full_rate
    wave = np.sin(2 * np.pi * hz * seconds * np.array([[1], [2]])).astype(np.float32)
    carol = np.zeros((2, round(LENGTH_S * rate)), np.float32)
    time.resample_onto(carol, rate, wave)
    return carol


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("cents", [-70.0, -7.0, 0.0, 30.0, 49.0])
def test_a_wave_sounds_at_the_tuning_and_the_rate_without_seams(cents, rate):
    carol = resampled_sine(playing_time(cents), rate)
    time_s = np.arange(carol.shape[1]) / rate
    expected = np.sin(2 * np.pi * 500 * 2 ** (cents / 1200) * time_s * np.array([[1], [2]]))
    assert np.abs(carol - expected)[:, 200:-200].max() < 0.02


def test_a_wave_in_tune_at_its_own_rate_is_left_as_it_is():
    time = playing_time(0.0)
    wave = np.random.default_rng(0).standard_normal((2, time.n_samples(LENGTH_S)))
    wave = wave.astype(np.float32)
    carol = np.zeros_like(wave)
    time.resample_onto(carol, AUDIO.full_rate, wave)
    assert np.allclose(carol, wave, atol=1e-6)


def test_a_drifting_tuning_is_followed_without_clicks():
    carol = resampled_sine(playing_time(SINKING), 16_000)[0]
    phase = np.unwrap(np.angle(hilbert(carol)))
    hz = np.diff(phase[:: AUDIO.hop_length]) * AUDIO.frame_rate / (2 * np.pi)
    cents = 1200 * np.log2(hz / 500)
    assert np.abs(cents - SINKING[: len(cents)])[8:-8].max() < 4


def test_notes_are_played_at_their_time():
    notes = Notes.of_tensor(torch.tensor([[0, 72, 0, 0.0, 60.5], [0, 74, 0, 625.0, 700.0]]))
    played = playing_time(100.0).played(notes)
    ratio = 2 ** (1 / 12)
    assert played.start.tolist() == pytest.approx([0, 625 * ratio], rel=1e-5)
    assert played.end.tolist() == pytest.approx([60.5 * ratio, 700 * ratio], rel=1e-5)
    assert torch.equal(played.pitch, notes.pitch)


@pytest.mark.parametrize("n_samples", [400, 5_000, 40_000])
@pytest.mark.parametrize("cents", [-50.0, 33.0])
def test_a_detuned_carol_is_as_long_as_its_song(n_samples, cents):
    converter = make_converter()
    heard = converter.transcribe(song()[:n_samples])
    tuned = replace(heard, tuning_cents=np.full(len(heard), cents, np.float32))
    carol = converter.play(tuned)
    assert carol.shape == (2, 3 * min(n_samples, len(song()))) and np.isfinite(carol).all()
    assert not np.array_equal(carol, converter.play(heard))
    with DiskWave(*carol.shape) as on_disk:
        converter.play_onto(on_disk, tuned, CarolSettings())
        assert np.array_equal(on_disk[..., :], carol)


def test_parts_are_played_at_the_times_of_their_notes():
    time = PlayingTime(SINKING, AUDIO)
    part = Part("violin s sing", (Stroke(1.0, 2.5, 69, 90), Stroke(30.0, 0.5, 71, 80)), program=40)
    played = time.played(notes_of([part], AUDIO.frame_rate))
    again = notes_of(time.played_parts([part]), AUDIO.frame_rate)
    assert torch.allclose(played.start, again.start, atol=1e-3)
    assert torch.allclose(played.end, again.end, atol=1e-3)
    assert time.played_parts([replace(part, strokes=())])[0].strokes == ()


def test_a_choir_sings_its_text_at_the_times_of_its_notes():
    time = PlayingTime(SINKING, AUDIO)
    strokes = (Stroke(1.0, 2.5, 69, 90), Stroke(30.0, 0.5, 71, 80))
    text = (SungVowel(1.0, 3.5, 2), SungVowel(30.0, 30.5, 4, begins=False))
    [part] = time.played_parts([Part("choir", strokes, program=52, text=text)])
    for stroke, sung, was in zip(part.strokes, part.text, text, strict=True):
        assert sung.start_s == pytest.approx(stroke.start_s)
        assert sung.end_s == pytest.approx(stroke.start_s + stroke.length_s)
        assert (sung.vowel, sung.begins) == (was.vowel, was.begins)
