"""Facts about the tune: notes, onsets, how sure they are, and the register."""

import numpy as np
import torch

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.model.content import N_PITCHES
from kcarol.transcription.melody import (
    NO_TUNE,
    find_peaks,
    find_tune,
    note_probabilities,
    register_shift,
)

AUDIO, CFG = AudioConfig(), DecodingConfig()


def shift_of(tune, rest):
    return register_shift(tune, *note_probabilities(tune, hearing_of(tune, rest)))


def hearing_of(tune, rest):
    """Logits (F, P + 1) of a hearing that is sure of a tune's classes (F,) but for the share of a
    rest (F,).
    """
    shares = np.full((len(tune), N_PITCHES + 1), 1e-6)
    shares[np.arange(len(tune)), tune] = 1 - rest
    shares[:, NO_TUNE] = np.where(tune == NO_TUNE, 1, rest)
    return torch.from_numpy(np.log(shares.clip(1e-6))).float()


def test_notes_shorter_than_the_shortest_are_no_tune():
    logits = np.full((40, N_PITCHES + 1), -8.0)
    logits[:, NO_TUNE] = 8
    logits[10:12, [20, NO_TUNE]] = [8, -8]
    logits[20:30, [25, NO_TUNE]] = [8, -8]
    path, onsets = find_tune(torch.from_numpy(logits), np.zeros(40), AUDIO, CFG)
    assert set(path.tolist()) == {NO_TUNE, 25} and np.flatnonzero(onsets).tolist() == [20]


def test_a_pitch_sung_again_begins_again():
    logits = np.full((60, N_PITCHES + 1), -8.0)
    logits[:, 30] = 8
    onset = np.zeros(60)
    onset[[0, 30]] = 0.95
    assert np.flatnonzero(find_tune(torch.from_numpy(logits), onset, AUDIO, CFG)[1]).tolist() == [
        0,
        30,
    ]


def test_peaks_are_above_the_threshold_and_apart():
    marks = find_peaks(np.array([0, 0.6, 0.9, 0.6, 0, 0, 0, 0.3, 0, 0, 0, 0.7]), 0.5)
    assert np.flatnonzero(marks).tolist() == [2, 11]


def test_a_low_tune_is_raised_by_octaves_and_no_tune_by_none():
    low, silence = np.full(30, 2), np.full(30, NO_TUNE)  # D2
    assert shift_of(low, np.zeros(30)) == 36
    assert shift_of(silence, np.zeros(30)) == 0


def test_notes_that_are_rather_a_rest_do_not_decide_the_register():
    # two notes about D4, five of a bass that stands in for the tune
    tune = np.repeat([26, 28, 2, 4, 2, 4, 2], 10)
    rest = np.repeat([0.1, 0.1, 0.8, 0.8, 0.8, 0.8, 0.8], 10)
    assert shift_of(tune, rest) == 12
    assert shift_of(tune, np.full(70, 0.8)) == 36


def test_each_note_has_one_share_of_its_own():
    tune, rest = np.repeat([26, NO_TUNE, 28], 10), np.repeat([0.4, 0.0, 0.1], 10)
    rest[:5] = 0.2
    note, none = note_probabilities(tune, hearing_of(tune, rest))
    assert np.allclose(note, np.repeat([0.7, 0, 0.9], 10), atol=1e-3)
    assert np.allclose(none, np.repeat([0.3, 0, 0.1], 10), atol=1e-3)
