"""A choir of eight out of one voice."""

import numpy as np
import pytest
from vowels_and_hisses import RATE, phrase

from kcarol.voice.choir import choir
from kcarol.voice.choir.choir import sing_onto
from kcarol.voice.choir.frames import MEL_HZ, N_POINTS, analyse
from kcarol.voice.choir.lines import SungNote
from kcarol.voice.choir.sung_voice import SungVoice

pytest.importorskip("pyworld")

NOTES = {"alto": [SungNote(0.4 + k, 1.4 + k, pitch, 0.0) for k, pitch in enumerate((64, 67, 62))]}
IN_TUNE = np.zeros(300)


@pytest.fixture(scope="module")
def voice():
    with SungVoice.hear(phrase("aiuaiu")) as heard:
        yield heard


def sung(voice: SungVoice, rate: int = RATE, tuning_cents: np.ndarray = IN_TUNE, seed: int = 0):
    carol = np.zeros((2, 4 * rate), np.float32)
    sing_onto(carol, rate, NOTES, voice, tuning_cents, seed)
    return carol


def strays_cents(wave: np.ndarray) -> np.ndarray:
    """Of the middle of each note."""
    f0_hz = analyse(wave).f0_hz
    notes = [f0_hz[round(200 * n.start_s) + 40 : round(200 * n.end_s) - 40] for n in NOTES["alto"]]
    midi = [69 + 12 * np.log2(np.median(hz[hz > 0]) / 440) for hz in notes]
    return 100 * (np.array(midi) - [n.pitch for n in NOTES["alto"]])


def test_the_choir_sings_the_notes_not_the_voices_pitch(voice):
    assert np.abs(strays_cents(sung(voice).sum(0))).max() < 30


def test_it_sings_in_the_songs_tuning(voice):
    flat = strays_cents(sung(voice, tuning_cents=np.full(300, -40.0)).sum(0))
    assert flat == pytest.approx(strays_cents(sung(voice).sum(0)) - 40, abs=15)


def test_it_sings_the_voices_vowels(voice):
    """Formants of "a", "i" and "u" below 3 kHz."""
    below = np.array(MEL_HZ) < 3000
    own = voice.values[:][:, :N_POINTS]
    choirs = analyse(sung(voice).sum(0)).values[: len(own), :N_POINTS]
    own, choirs = (some[voice.is_voiced][:, below] for some in (own, choirs))
    shapes = [some - some.mean(axis=1, keepdims=True) for some in (own, choirs)]
    movement = [(some - some.mean(axis=0)).ravel() for some in shapes]
    assert np.corrcoef(*movement)[0, 1] > 0.5


def test_the_same_seed_gives_the_same_sound(voice):
    assert np.array_equal(sung(voice), sung(voice))
    assert not np.allclose(sung(voice), sung(voice, seed=1), atol=1e-3)


def test_it_is_silent_where_the_voice_is_and_any_rate_will_do(voice):
    carol = sung(voice, rate=44_100)
    assert np.abs(carol[:, : 44_100 // 3]).max() < 1e-4
    assert np.abs(carol[:, 44_100:]).max() > 0.02


def test_pieces_join(voice, monkeypatch):
    whole = sung(voice)
    monkeypatch.setattr(choir, "PIECE_S", 2)
    pieces = sung(voice)
    assert np.std(pieces) == pytest.approx(np.std(whole), rel=0.2)
    # no click: no step from sample to sample that is larger than in one piece
    assert np.abs(np.diff(pieces)).max() < 1.5 * np.abs(np.diff(whole)).max()
