"""What the corpus's singers are said to sing is what they sing."""

import numpy as np
import pytest

from kcarol.corpus.synthesis import speech
from kcarol.corpus.synthesis.formant_voice import synthesise_singing
from kcarol.corpus.synthesis.singer import Singer
from kcarol.corpus.synthesis.speech import (
    FRAME_S,
    SAMPLE_RATE,
    TRAINING_SPEAKERS,
    VALIDATION_SPEAKERS,
    Unit,
    bank,
)
from kcarol.corpus.synthesis.sung_text import (
    classes,
    text_of_syllables,
    text_of_words,
    vowel_frames,
)
from kcarol.corpus.synthesis.syllables import Syllable, vowels
from kcarol.corpus.synthesis.words import Word
from kcarol.corpus.synthesis.world_voice import sing_words
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.transcription.lead_sheet import Stroke, SungVowel

MISSING = speech.available()
needs_speech = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
A, E, I, O, U, NEUTRAL = range(len(VOWELS))  # noqa: E741
# one speaker of each language and accent; what espeak-ng calls its vowels depends on it alone
VOICES = {s.voice.partition("+")[0]: s for s in (*TRAINING_SPEAKERS, *VALIDATION_SPEAKERS)}
LENGTH_S, RATE_HZ = 8.0, 62.5
TUNE = [Stroke(0.4 + k, 0.4, 57 + k, 90) for k in range(7)]
PLAIN = Singer(melisma=0.0)


def test_every_vowel_of_the_formant_voice_has_a_class():
    assert set(vowels()) <= set(classes())
    assert {first for first, _ in classes().values()} == set(range(len(VOWELS)))


@pytest.mark.corpus
@needs_speech
@pytest.mark.parametrize("speaker", VOICES.values(), ids=list(VOICES))
def test_every_vowel_that_is_spoken_has_a_class(speaker):
    assert {unit.nucleus.lower() for unit in bank(speaker).units} <= set(classes())


def test_a_syllable_of_two_vowels_turns_from_one_to_the_other():
    text = text_of_syllables([Syllable(1.0, 2.0, 60, 1.0, nucleus=("a", "i"))])
    assert text == [SungVowel(1.0, 1.5, A, True), SungVowel(1.5, 2.0, I, False)]


def test_a_note_that_is_sung_on_begins_no_syllable():
    first = Syllable(1.0, 2.0, 60, 1.0, consonant="m", nucleus=("o", "o"))
    on = Syllable(2.0, 3.0, 62, 1.0, nucleus=("o", "o"), after_rest=False)
    again = Syllable(4.0, 5.0, 62, 1.0, nucleus=("o", "o"), after_rest=True)
    text = text_of_syllables([first, on, again])
    assert [(sung.vowel, sung.begins) for sung in text] == [(O, True), (O, False), (O, True)]


def word(nucleus, with_coda=False, coda=40, last=40):
    unit = Unit("syllable", nucleus, first=0, vowel=10, coda=coda, last=last)
    return Word(unit, 1.0, 2.0, unit.onset_s, joins=False, with_coda=with_coda)


def test_a_word_is_sung_on_its_vowel_without_its_consonants():
    assert text_of_words([word("A:")]) == [SungVowel(1.0, 2.0, A, True)]
    [sung] = text_of_words([word("i:", with_coda=True, last=60)])
    assert (sung.vowel, sung.start_s) == (I, 1.0)
    assert sung.end_s == pytest.approx(2.0 - 20 * FRAME_S)
    [sung] = text_of_words([word("u:", with_coda=True, last=1_000)])
    assert sung.end_s == pytest.approx(1.6)  # a vowel keeps most of its note


def test_frames_hold_the_vowel_that_is_sung_and_nothing_outside():
    text = [SungVowel(-0.1, 0.1, E), SungVowel(0.2, 0.4, U, False), SungVowel(0.9, 9.0, NEUTRAL)]
    vowel, begins = vowel_frames(text, 10, 10.0)
    nobody = NO_VOWEL
    assert vowel.tolist() == [E, nobody, U, U, *5 * [nobody], NEUTRAL]
    assert np.flatnonzero(begins).tolist() == [9]
    assert vowel.dtype == np.int8


def words_sung(seed):
    text = []
    rng = np.random.default_rng(seed)
    wave = sing_words(
        TUNE, LENGTH_S, SAMPLE_RATE, rng, PLAIN, speakers=TRAINING_SPEAKERS[:1], text_=text
    )
    return wave, text


def syllables_sung(seed):
    text = []
    rng = np.random.default_rng(seed)
    return synthesise_singing(TUNE, LENGTH_S, SAMPLE_RATE, rng, PLAIN, text_=text), text


SINGERS = [
    pytest.param(syllables_sung, id="formant voice"),
    pytest.param(words_sung, id="words", marks=[pytest.mark.corpus, needs_speech]),
]


@pytest.mark.parametrize("sing", SINGERS)
def test_vowels_lie_where_the_voice_sounds(sing):
    wave, text = sing(0)
    vowel, begins = vowel_frames(text, round(LENGTH_S * RATE_HZ), RATE_HZ)
    hop = round(SAMPLE_RATE / RATE_HZ)
    level_db = 10 * np.log10(np.square(wave.reshape(-1, hop)).mean(1) + 1e-9)
    is_sung = vowel != NO_VOWEL
    assert (level_db[is_sung] > level_db.max() - 25).mean() > 0.95
    near = np.convolve(is_sung, np.ones(27), "same") > 0  # .2 s for consonants
    assert not near.all() and (level_db[~near] < level_db.max() - 25).all()
    assert begins.sum() == len(TUNE)


@pytest.mark.parametrize("sing", SINGERS)
def test_i_is_brighter_than_o_and_u_where_they_are_said_to_be_sung(sing):
    """By the power above 1.5 kHz, where their second formants lie apart."""
    bright = {I: [], O: [], U: []}
    for seed in range(3):
        wave, text = sing(seed)
        for sung in text:
            if sung.vowel in bright:
                middle = (sung.start_s + sung.end_s) / 2
                piece = wave[
                    int((middle - 0.08) * SAMPLE_RATE) : int((middle + 0.08) * SAMPLE_RATE)
                ]
                power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) ** 2
                bright[sung.vowel].append(power[240:].sum() / power.sum())
    assert bright[I] and bright[O] + bright[U]
    assert np.median(bright[I]) > 2 * np.median(bright[O] + bright[U])
