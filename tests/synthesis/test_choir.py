"""Choirs from samples: the vowels of a text, as loud as before, piece by piece as in one."""

import numpy as np
import pytest
import torch

from kcarol.model.singing.text import Text
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.synthesis import choir, render
from kcarol.synthesis.carol import play_samples_onto
from kcarol.synthesis.choir import HOP, N_FFT, chord_gains, on_vowels, vowel_gains
from kcarol.transcription.lead_sheet import Part, Stroke, SungVowel

RATE = 48_000
MISSING = render.available((render.best_soundfont(),))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
N_FRAMES = 1 + RATE // HOP
EVEN = torch.ones(N_FFT // 2 + 1)


def text(vowel: int) -> Text:
    shares = torch.eye(len(VOWELS) + 1)[vowel].expand(N_FRAMES, -1)
    return Text(shares, torch.zeros(N_FRAMES))


def harmonics(f0_hz: float) -> torch.Tensor:
    """(2, T) of even strength up to 4 kHz."""
    time_s = torch.arange(RATE) / RATE
    waves = [torch.sin(2 * np.pi * f0_hz * k * time_s + k * k) for k in range(1, int(4000 / f0_hz))]
    return torch.stack(waves).mean(0).expand(2, -1)


def level_db(wave: np.ndarray | torch.Tensor, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(np.asarray(wave)[0])) ** 2
    hz = np.fft.rfftfreq(np.asarray(wave).shape[-1], 1 / RATE)
    return 10 * np.log10(spectrum[(hz >= low_hz) & (hz < high_hz)].sum())


def held(pitch: int, vowel: str = "", program: int = 52) -> Part:
    sung = (SungVowel(0.0, 2.0, VOWELS.index(vowel), begins=False),) if vowel else ()
    return Part("choir s sing", (Stroke(0.1, 1.7, pitch, 100),), program, text=sung)


def played(*parts: Part) -> np.ndarray:
    carol = np.zeros((2, 2 * RATE), np.float32)
    play_samples_onto(carol, parts, RATE)
    return carol


def test_without_a_vowel_the_sound_stays():
    wave = harmonics(110.0)
    gains = vowel_gains(RATE)[:, [45]].expand(-1, N_FRAMES, -1)
    assert torch.allclose(on_vowels(wave, wave, text(NO_VOWEL), gains, EVEN), wave, atol=1e-5)


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowel_is_as_loud_as_the_own_sound(vowel):
    wave = harmonics(110.0)
    gains = vowel_gains(RATE)[:, [45]].expand(-1, N_FRAMES, -1)
    sung = on_vowels(wave, wave, text(VOWELS.index(vowel)), gains, EVEN)
    inner = slice(N_FFT, -N_FFT)
    assert sung[:, inner].std().item() == pytest.approx(wave[:, inner].std().item(), rel=0.02)


def test_no_note_of_a_chord_loses_its_pitch_to_the_formants_of_a_lower_one():
    low, high = Stroke(0.0, 1.0, 45, 90), Stroke(0.0, 1.0, 76, 90)
    both, alone = (chord_gains(some, 0, 20, RATE)[:, 10] for some in ((low, high), (high,)))
    at_pitch = round(659.3 * N_FFT / RATE)
    assert (both[:, at_pitch] >= alone[:, at_pitch]).all()
    assert chord_gains([], 0, 20, RATE).shape == both[:, None].expand(-1, 20, -1).shape


@needs_synth
@pytest.mark.parametrize(("program", "apart_db"), [(52, 10), (53, 6)])  # the second are dark
def test_vowels_have_their_formants_in_the_sound(program, apart_db):
    low, high = (150, 420), (2000, 3000)
    ee, ah, oo = (played(held(57, vowel, program)) for vowel in "iau")
    assert level_db(ee, *high) - level_db(oo, *high) > 10
    assert level_db(oo, *low) - level_db(ah, *low) > 6
    assert level_db(ah, 600, 1000) - level_db(ee, 600, 1000) > apart_db


@needs_synth
def test_parts_without_a_text_sound_as_before_beside_a_choir_that_sings():
    harp = Part("harp b bar", (Stroke(0.0, 0.5, 60, 90),), 46)
    together = played(harp, held(64, "e"))
    np.testing.assert_allclose(together, played(harp) + played(held(64, "e")), atol=1e-6)
    np.testing.assert_array_equal(together, played(harp, held(64, "e")))


@needs_synth
def test_a_song_in_pieces_sounds_as_in_one(monkeypatch):
    whole = played(held(57, "i", 53))
    monkeypatch.setattr(choir, "PIECE_SAMPLES", 32 * HOP)
    np.testing.assert_allclose(played(held(57, "i", 53)), whole, atol=1e-5)


@needs_synth
def test_oohs_stay_dark_on_all_vowels():
    bright, dark = (played(held(57, "e", program)) for program in (52, 53))
    contrasts_db = [
        level_db(wave, 1500, 4000) - level_db(wave, 100, 700) for wave in (bright, dark)
    ]
    assert contrasts_db[0] - contrasts_db[1] > 15
