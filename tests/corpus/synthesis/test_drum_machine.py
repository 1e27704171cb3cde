"""The drum machine: times, spectra, hi-hats."""

import numpy as np
import pytest
from sung_notes import RATE, level_db

from kcarol.corpus.synthesis.drum_machine import DRUM_NOTES, DrumKit, play_drums
from kcarol.transcription.lead_sheet import Stroke


@pytest.mark.parametrize("note", sorted(DRUM_NOTES))
def test_drums_come_at_their_time(note):
    kit = DrumKit.draw(np.random.default_rng(note))
    wave = play_drums([Stroke(0.4, 0.1, note, 110)], kit, 1.5, RATE, np.random.default_rng(0))
    heard = np.flatnonzero(np.abs(wave) > 0.1 * np.abs(wave).max())
    assert not wave[: int(0.4 * RATE) - 1].any()
    assert heard[0] < int(0.415 * RATE) and np.abs(wave).max() > 0.1


def test_kick_is_low_and_hat_is_high():
    def centroid_hz(note: int) -> float:
        wave = play_drums(
            [Stroke(0.0, 0.1, note, 100)], DrumKit(), 1.0, RATE, np.random.default_rng(0)
        )
        power = np.square(np.abs(np.fft.rfft(wave)))
        return float((power * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / power.sum())

    assert centroid_hz(36) < 250 < centroid_hz(38) < centroid_hz(42)
    assert centroid_hz(42) > 4000


def test_a_closed_hat_stops_the_open_one():
    kit = DrumKit(open_decay_s=0.5)
    rings = play_drums([Stroke(0.0, 0.1, 46, 100)], kit, 1.0, RATE, np.random.default_rng(0))
    both = [Stroke(0.0, 0.1, 46, 100), Stroke(0.2, 0.1, 42, 1)]
    stopped = play_drums(both, kit, 1.0, RATE, np.random.default_rng(0))
    after = slice(int(0.4 * RATE), int(0.6 * RATE))
    assert level_db(stopped[after]) < level_db(rings[after]) - 20
