"""Vowels and syllables from logits."""

from dataclasses import replace

import numpy as np
import torch

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.model.vowels import NO_VOWEL, VOWELS
from kcarol.transcription.syllables import find_syllables

AUDIO, CFG = AudioConfig(), DecodingConfig()
SUNG = np.repeat([0, 0, NO_VOWEL, 2, 4, NO_VOWEL], 40)
BEGINS = np.isin(np.arange(len(SUNG)), [0, 40, 120, 160])
TUNE = np.where(SUNG < NO_VOWEL, 69, -1)


def logits_of(vowel, begins, sure=6.0, noise=0.0):
    rng = torch.Generator().manual_seed(0)
    vowels = sure * torch.eye(len(VOWELS) + 1)[torch.from_numpy(vowel)]
    vowels = vowels + noise * torch.randn(vowels.shape, generator=rng)
    return vowels, sure * (2 * torch.from_numpy(begins).float()[:, None] - 1)


def found(vowel, begins, tune=TUNE, cfg=CFG):
    vowel, begins = find_syllables(vowel, begins, tune, AUDIO, cfg)
    return vowel, np.flatnonzero(begins)


def test_what_is_sung_clearly_is_found_to_the_frame():
    for noise in (0.0, 1.5):
        vowel, begins = found(*logits_of(SUNG, BEGINS, noise=noise))
        assert (vowel == SUNG).all()
        assert begins.tolist() == np.flatnonzero(BEGINS).tolist()


def test_half_precision_is_as_good():
    logits = [x.half() for x in logits_of(SUNG, BEGINS)]
    assert (found(*logits)[0] == SUNG).all()


def test_an_untrained_network_hears_nothing():
    vowel, begins = found(*logits_of(SUNG, BEGINS, sure=0.0))
    assert (vowel == NO_VOWEL).all() and len(begins) == 0


def test_a_syllable_whose_vowel_is_in_doubt_begins_and_has_none():
    unsure, _ = logits_of(SUNG, BEGINS, sure=0.5)
    _, marks = logits_of(SUNG, BEGINS)
    vowel, begins = found(unsure, marks)
    assert (vowel == NO_VOWEL).all()
    assert begins.tolist() == np.flatnonzero(BEGINS).tolist()


def test_where_the_tune_rests_nothing_is_sung():
    tune = TUNE.copy()
    tune[10:40] = -1
    vowel, begins = found(*logits_of(SUNG, BEGINS), tune)
    assert (vowel[tune < 0] == NO_VOWEL).all()
    assert (vowel[tune >= 0] == SUNG[tune >= 0]).all()
    assert 40 in begins and not set(begins) & set(np.flatnonzero(tune < 0))


def test_vowels_that_are_too_short_are_left_out():
    sung = np.full(120, 1)
    n_short = round(CFG.shortest_vowel_s * AUDIO.frame_rate) - 1
    sung[60 : 60 + n_short] = 3
    begins = np.isin(np.arange(120), [0, 60, 60 + n_short])
    easy = replace(CFG, vowel_change=0.1)
    vowel, _ = found(*logits_of(sung, begins), np.full(120, 60), easy)
    assert 3 not in vowel and (vowel[:60] == 1).all()


def test_a_vowel_begins_with_its_syllable_if_it_is_heard_a_little_apart():
    tune = np.full(120, 60)
    for apart in (-2, 2):
        sung = np.repeat([1, 3], [60 + apart, 60 - apart])
        vowel, begins = found(*logits_of(sung, np.isin(np.arange(120), [0, 60])), tune)
        assert begins.tolist() == [0, 60]
        assert (vowel == np.repeat([1, 3], 60)).all()


def test_a_vowel_changes_sooner_where_a_syllable_begins():
    sung = np.repeat([1, 3, 1], [40, 5, 40])
    logits, tune = logits_of(sung, np.zeros(85, bool), sure=1.8)[0], np.full(85, 60)
    begins = np.isin(np.arange(85), [0, 40, 45])
    _, marks = logits_of(sung, begins)
    assert 3 not in found(logits, torch.full_like(marks, -6.0), tune)[0]
    assert (found(logits, marks, tune)[0] == sung).all()


def test_a_song_of_one_frame():
    vowel, begins = found(*logits_of(SUNG[:1], BEGINS[:1]), TUNE[:1])
    assert vowel.shape == (1,) and len(begins) <= 1
