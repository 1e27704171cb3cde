"""What choirs sing, frame by frame."""

import numpy as np
import pytest

from kcarol.arrangement.played_notes import CONSONANT_DB, SUNG_ON_S, notes_of, text_of
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.transcription.lead_sheet import Part, Stroke, SungVowel

RATE = 62.5
AH, EH, EE = (VOWELS.index(vowel) for vowel in "aei")


def texts(*sung: SungVowel, n_frames: int = 250):
    parts = [Part("celesta s sing", (Stroke(0.0, 1.0, 72, 90),), 8)]
    text = text_of([*parts, Part("choir s sing", (), 52, text=sung)], n_frames, RATE)
    return text.shares.numpy(), text.level_db.numpy()


def test_without_a_text_there_is_none():
    assert text_of([Part("choir s sing", (Stroke(0.0, 1.0, 60, 90),), 52)], 100, RATE) is None


def test_the_notes_of_parts_with_a_text_sing_it_and_no_others():
    stroke, text = (Stroke(0.0, 1.0, 60, 90),), (SungVowel(0.0, 1.0, AH),)
    held = Part("choir at hold", (Stroke(1.0, 1.0, 64, 90),), 52, text=text)
    notes = notes_of([held, Part("choir b all", stroke, 52)], RATE)
    assert notes.pitch.tolist() == [60, 64] and notes.sings.tolist() == [False, True]


def test_vowels_are_sung_in_their_time_and_change_within_frames():
    shares, _ = texts(SungVowel(1.0, 1.5, EE), SungVowel(1.5, 2.0, EH))
    assert shares.sum(1) == pytest.approx(1)
    assert shares[20, NO_VOWEL] == shares[75, EE] == shares[110, EH] == 1
    fading = (shares[:, EE] > 0) & (shares[:, EH] > 0)
    assert 7 <= fading.sum() <= 13  # 110 to 210 ms
    assert np.abs(np.diff(shares, axis=0)).max() < 0.25  # as singers glide


def test_a_vowel_is_sung_on_through_a_consonant_but_not_for_ever():
    shares, _ = texts(SungVowel(0.5, 1.0, EE), SungVowel(1.2, 1.5, EH))
    assert shares[int(1.1 * RATE), EE] == 1
    after = int((1.5 + SUNG_ON_S) * RATE)
    assert shares[after - 10, EH] == 1 and shares[after + 10, NO_VOWEL] == 1


def test_a_choir_is_softer_just_before_a_syllable_and_only_there():
    _, level_db = texts(SungVowel(1.0, 1.5, AH), SungVowel(1.5, 2.0, EE, begins=False))
    softest = int(np.argmin(level_db))
    assert 58 <= softest < 1.0 * RATE and level_db[softest] == pytest.approx(CONSONANT_DB, abs=1)
    assert (np.flatnonzero(level_db < -0.01) < 64).all()


def test_texts_may_begin_before_the_song_and_end_after_it():
    shares, level_db = texts(SungVowel(-1.0, 0.4, AH), SungVowel(0.6, 9.0, EE), n_frames=60)
    assert shares.shape == (60, len(VOWELS) + 1) and shares[0, AH] == shares[59, EE] == 1
    assert level_db.shape == (60,)
