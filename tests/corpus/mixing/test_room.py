"""Rooms: decay, damping, channels, room microphones."""

import numpy as np
import pytest
from sung_notes import RATE

from kcarol.corpus.mixing.room import impulse_response, reverb, room_microphones


@pytest.mark.parametrize("rt60_s", [0.6, 2.2])
def test_reverb_decays_by_60_db_in_rt60(rt60_s):
    impulse = np.zeros((2, 3 * RATE), np.float32)
    impulse[:, 0] = 1
    tail = reverb(impulse, RATE, rt60_s, 1.0, seed=1, damping=0.0)
    # Schroeder's backward integral
    left_db = 10 * np.log10(np.cumsum(np.square(tail[0])[::-1])[::-1] + 1e-20)
    left_db -= left_db[0]
    measured_s = 2 * (np.argmax(left_db < -35) - np.argmax(left_db < -5)) / RATE
    assert abs(measured_s / rt60_s - 1) < 0.1


def test_damping_shortens_the_high_decay_only():
    response = impulse_response(RATE, 2.0, 1.0, 0)[0]
    late = np.square(np.abs(np.fft.rfft(response[RATE // 2 : RATE])))
    soon = np.square(np.abs(np.fft.rfft(response[RATE // 10 : RATE // 2 + RATE // 10])))
    fall_db = 10 * np.log10(late / soon)
    assert np.median(fall_db[2000:3500]) < np.median(fall_db[40:150]) - 10


def test_reverb_is_deterministic_differs_by_channel_and_can_be_dry():
    wave = np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32)
    first, again = reverb(wave, RATE, 1.5, 0.35), reverb(wave, RATE, 1.5, 0.35)
    assert np.array_equal(first, again) and first.shape == wave.shape
    assert not np.array_equal(first, reverb(wave, RATE, 1.5, 0.35, seed=1))
    assert np.array_equal(reverb(wave, RATE, 1.5, 0.0), wave)
    same = reverb(np.stack([wave[0], wave[0]]), RATE, 1.5, 1.0)
    assert abs(np.corrcoef(same)[0, 1]) < 0.3
    with pytest.raises(ValueError, match="wet"):
        reverb(wave, RATE, 1.5, 1.5)


def test_room_microphones_add_a_tail_of_the_given_level():
    click = np.zeros(16_000, np.float32)
    click[4_000] = 1.0
    tails = [
        np.square(room_microphones(click, 16_000, 0.5, level, 4.0, 3)[5_000:8_000]).sum()
        for level in (-20.0, 0.0)
    ]
    assert 10 * np.log10(tails[1] / tails[0]) == pytest.approx(20, abs=0.5)
    assert room_microphones(np.stack([click, click]), 16_000, 0.5, -6.0, 4.0, 3).shape == (
        2,
        16_000,
    )
