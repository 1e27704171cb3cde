"""A whole song's voice."""

import numpy as np
import pytest
from vowels_and_hisses import RATE, hiss, phrase, silence, vowel

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.voice.choir import sung_voice
from kcarol.voice.choir.sung_voice import SungVoice

pytest.importorskip("pyworld")


def test_phrases_lie_between_rests_not_breaths():
    wave = np.concatenate([phrase("ai"), phrase("u"), silence(2), phrase("i")])
    with SungVoice.hear(wave) as voice:
        assert voice.phrases_s() == pytest.approx(np.array([[0.5, 3.0], [6.0, 6.5]]), abs=0.06)
        assert voice.pitch_hz == pytest.approx(220, rel=0.01)


def test_hisses_have_no_pitch_and_vowels_do():
    wave = np.concatenate([silence(0.3), vowel("a", 0.5), hiss(0.2), vowel("i", 0.5)])
    with SungVoice.hear(wave) as voice:
        assert voice.is_voiced[75:150].all()
        assert not voice.is_voiced[168:192].any()
        assert voice.is_sung[75:280].all()


def test_softer_passages_are_brought_up_and_what_leaked_is_left_out():
    wave = np.concatenate([0.3 * vowel("a", 5), 0.001 * hiss(2.0), vowel("a", 5)])
    with SungVoice.hear(wave) as voice:
        levels = voice.amplitude(np.arange(len(voice.is_sung)))
    assert levels[200:500].mean() == pytest.approx(levels[1900:2200].mean(), rel=0.1)
    assert not levels[1060:1340].any()


def test_silence_sings_nothing():
    with SungVoice.hear(np.zeros(RATE)) as voice:
        assert not voice.is_sung.any() and len(voice.phrases_s()) == 0


def test_pieces_make_no_difference(monkeypatch):
    wave = phrase("aiu").astype(np.float32)
    whole = SungVoice.hear(wave)
    monkeypatch.setattr(sung_voice, "PIECE_FRAMES", 150)
    buffer = DiskBuffer(len(wave))
    buffer[:] = wave
    with whole, buffer, SungVoice.hear(buffer) as pieces:
        assert np.array_equal(pieces.is_voiced, whole.is_voiced)
        difference = np.abs(pieces.values[:] - whole.values[:])[whole.is_voiced, :60]
        assert np.median(difference) < 0.05
