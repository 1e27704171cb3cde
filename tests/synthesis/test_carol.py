"""Seats, levels and length of a rendered carol."""

import numpy as np
import pytest

from kcarol.audio.disk_buffer import DiskWave
from kcarol.model.instruments import SLEIGH_KEY
from kcarol.synthesis import render
from kcarol.synthesis.carol import play_samples_onto, render_carol
from kcarol.synthesis.jingle import jingle
from kcarol.transcription.lead_sheet import Part, Stroke

RATE = 24_000
MISSING = render.available((render.CAROL_SOUNDFONT,))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def part(velocity: int = 100, gain_db: float = 0.0, pan: float = 0.0, start_s: float = 0.1) -> Part:
    return Part("flute", (Stroke(start_s, 0.5, 72, velocity),), 73, gain_db=gain_db, pan=pan)


def rms(wave: np.ndarray) -> np.ndarray:
    return np.sqrt((wave**2).mean(axis=-1))


def test_sleigh_bells_shine_and_end_softly():
    shake = jingle(48_000)
    power = np.abs(np.fft.rfft(shake)) ** 2
    assert np.abs(shake).max() == pytest.approx(1)
    assert np.abs(shake[-100:]).max() < 0.01
    assert power[len(power) // 3 :].sum() > 0.05 * power.sum()  # above 8 kHz


def test_sleigh_bells_sit_on_their_seat():
    bells = Part("bells", (Stroke(0.2, 0.1, SLEIGH_KEY, 127),), is_drums=True, pan=0.6)
    carol = render_carol([bells], 1.0, RATE)
    left, right = rms(carol)
    assert carol.shape == (2, RATE)
    assert 0 < left < 0.6 * right
    assert not carol[:, : round(0.2 * RATE)].any()


@needs_synth
def test_a_seat_on_the_left_is_louder_on_the_left():
    left, right = rms(render_carol([part(pan=-0.8)], 1.0, RATE))
    assert left > 2 * right > 0


@needs_synth
def test_a_part_with_a_gain_sounds_like_one_of_softer_strokes():
    soft = render_carol([part(velocity=50)], 1.0, RATE)
    turned_down = render_carol([part(velocity=100, gain_db=40 * np.log10(0.5))], 1.0, RATE)
    np.testing.assert_allclose(turned_down, soft, atol=1e-3)


@needs_synth
def test_more_parts_than_channels_all_sound():
    alone = render_carol([part(start_s=0.7)], 1.5, RATE)
    together = render_carol([part()] * 16 + [part(start_s=0.7)], 1.5, RATE)
    np.testing.assert_allclose(
        rms(together[:, -RATE // 4 :]), rms(alone[:, -RATE // 4 :]), rtol=0.5
    )


@needs_synth
def test_samples_are_played_onto_a_disk_as_in_memory_and_the_same_in_every_call():
    parts = [part(), Part("bells", (Stroke(0.2, 0.1, SLEIGH_KEY, 127),), is_drums=True)]
    carol = np.zeros((2, RATE), np.float32)
    play_samples_onto(carol, parts, RATE)
    with DiskWave(2, RATE) as on_disk:
        play_samples_onto(on_disk, parts, RATE)
        np.testing.assert_array_equal(on_disk[:], carol)
    assert rms(carol).min() > 0.001
