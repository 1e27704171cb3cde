"""Curves of a line."""

import numpy as np
import pytest

from kcarol.voice.choir.curves import begun_early, pitch_and_level, smoothed
from kcarol.voice.choir.lines import SungNote

NOTES = (SungNote(0.0, 0.5, 60, -20.0), SungNote(0.5, 1.0, 64, 0.0), SungNote(1.5, 2.0, 62, 0.0))


def test_notes_have_their_pitch_and_level_and_glide_within_60_ms():
    pitch, amplitude = pitch_and_level(NOTES, 0, 500)
    assert pitch[50] == pytest.approx(60) and pitch[92] == pytest.approx(60)
    assert 61 < pitch[100] < 63
    assert pitch[108] == pytest.approx(64) and pitch[250] == pytest.approx(64)  # held in a rest
    assert amplitude[50] == pytest.approx(0.1) and amplitude[150] == 1
    assert not amplitude[200:300].any() and not amplitude[400:].any()


def test_pieces_are_parts_of_the_whole():
    pitch, amplitude = pitch_and_level(NOTES, 0, 500)
    later_pitch, later_amplitude = pitch_and_level(NOTES, 60, 200)
    assert np.array_equal(later_amplitude, amplitude[60:260])
    assert np.allclose(later_pitch[10:190], pitch[70:250])


def test_consonants_may_come_before_their_note():
    amplitude = np.repeat([0.0, 1.0], 100)
    assert begun_early(amplitude, 0.1).tolist() == [0.0] * 80 + [1.0] * 120


def test_smoothing_keeps_what_is_constant():
    assert np.allclose(smoothed(np.full(40, 3.0), 0.05), 3.0)
