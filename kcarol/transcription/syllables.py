"""The syllables of a whole song: which vowel is sung when, and where a syllable begins.

Only where the tune sounds. Vowels only where they are heard surely, since a choir that sings a
wrong one is worse than one that sings "ah"; syllables also begin where their vowel is in doubt.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.model.vowels import NO_VOWEL
from kcarol.transcription.activations import highest_near
from kcarol.transcription.melody import find_peaks, likeliest_path, runs_of

APART_FRAMES = 3  # 48 ms, that a syllable's beginning and its vowel's may be heard apart


def find_syllables(
    vowel: Tensor, begins: Tensor, tune: np.ndarray, audio: AudioConfig, cfg: DecodingConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of vowels (F, len(VOWELS) + 1) and beginnings (F, 1), tune (F,) of MIDI pitches, -1
    where it rests -> vowels (F,), NO_VOWEL where none is sure, and beginnings (F,), both int.

    By Viterbi; changes of vowel are cheap where a syllable begins.
    """
    beginning = begins[:, 0].float().sigmoid().numpy()
    cost = cfg.vowel_change * (1 - 0.8 * highest_near(beginning, 1))
    path = likeliest_path(vowel, cost)
    path[tune < 0] = NO_VOWEL
    probability = vowel.float().softmax(1).numpy()
    shortest = round(cfg.shortest_vowel_s * audio.frame_rate)
    for start, stop in runs_of(path):
        here = probability[start:stop, path[start]].mean()
        if stop - start < shortest or here < cfg.least_vowel:
            path[start:stop] = NO_VOWEL
    starts = find_peaks(beginning, cfg.syllable_threshold) & (tune >= 0)
    _begin_with_syllables_(path, starts)
    return path, starts.astype(int)


def _begin_with_syllables_(path: np.ndarray, starts: np.ndarray) -> None:
    """Moves beginnings of vowels (F,) within APART_FRAMES of a syllable's (F,) bool to it."""
    is_new = (path != NO_VOWEL) & (path != np.concatenate([[NO_VOWEL], path[:-1]]))
    for start in np.flatnonzero(starts):
        first = max(0, start - APART_FRAMES)
        near = first + np.flatnonzero(is_new[first : start + APART_FRAMES + 1])
        if len(near):
            vowel = near[np.abs(near - start).argmin()]
            path[start:vowel] = path[vowel]
            path[vowel:start] = path[vowel - 1] if vowel else NO_VOWEL
