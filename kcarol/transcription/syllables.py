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
    return path, starts.astype(int)
