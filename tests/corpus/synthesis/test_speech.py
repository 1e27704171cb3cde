"""Spoken syllables: texts, speakers, and the borders of sounds in a bank."""

import numpy as np
import pytest

from kcarol.corpus.synthesis import speech
from kcarol.corpus.synthesis.speech import (
    TRAINING_SPEAKERS,
    VALIDATION_SPEAKERS,
    bank,
    hangul,
    texts,
)
from kcarol.synthesis.render import RenderError

MISSING = speech.available()
needs_speech = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
corpus = pytest.mark.corpus


def test_hangul_is_composed_as_unicode_does():
    assert [hangul("ㄱ", "ㅏ"), hangul("ㅎ", "ㅣ"), hangul("ㅂ", "ㅕ", "ㄹ")] == ["가", "히", "별"]


@pytest.mark.parametrize("language", ["ko", "en", "ja"])
def test_each_language_has_forty_different_syllables(language):
    words = texts(language)
    assert 40 <= len(words) == len(set(words)) and texts(language) == words


def test_held_out_speakers_are_not_trained_on():
    assert not {s.voice for s in TRAINING_SPEAKERS} & {s.voice for s in VALIDATION_SPEAKERS}
    assert len(TRAINING_SPEAKERS) >= 20


@corpus
@needs_speech
def test_a_bank_holds_syllables_with_consonants_and_voiced_vowels():
    voices = bank(TRAINING_SPEAKERS[0])
    assert len(voices.units) >= 40 and sum(unit.is_closed for unit in voices.units) >= 8
    assert (
        voices.log_power.shape
        == voices.aperiodicity.shape
        == (len(voices.voiced), 1 + speech.N_FFT // 2)
    )
    for unit in voices.units:
        assert unit.first <= unit.vowel < unit.coda <= unit.last <= len(voices.voiced)
        assert voices.voiced[unit.vowel : unit.coda].mean() > 0.8
        held = np.exp(
            voices.log_power[unit.vowel + (unit.coda - unit.vowel) // 2 : unit.coda].astype(float)
        ).mean(axis=1)
        assert np.abs(10 * np.log10(held)).max() < 3.5, unit.text
    assert (
        np.isfinite(voices.log_power).all()
        and 0 <= voices.aperiodicity.min()
        and voices.aperiodicity.max() <= 1
    )


@corpus
@needs_speech
def test_espeak_says_the_same_in_every_process():
    words = texts("ko")[:6]
    first, again = speech.speak("ko+m2", words)[0], speech.speak("ko+m2", words)[0]
    assert (
        all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        and min(map(len, first)) > 2000
    )


@corpus
@needs_speech
def test_an_unknown_voice_is_named_with_the_way_out():
    with pytest.raises(RenderError, match="no voice 'xx\\+nobody'.*pip install .*corpus"):
        speech.speak("xx+nobody", ["아"])
