"""Songs with what is sung in them, without a synthesiser."""

import numpy as np

from kcarol.config import AudioConfig
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.dataset.sung import SungRows
from kcarol.model.vowels import NO_VOWEL

SYLLABLE_FRAMES = 40


def sung_rows(n_rows: int = 2, seed: int = 0) -> SungRows:
    """A tone in noise; a, e, i and nothing by turns, each of them SYLLABLE_FRAMES long."""
    rng, cfg = np.random.default_rng(seed), AudioConfig()
    n_samples, n_frames = ROW_FRAMES * cfg.hop_length, ROW_FRAMES + 1
    tone = 3000 * np.sin(np.arange(n_samples) * 2 * np.pi * 440 / cfg.sample_rate)
    pop = (tone + rng.normal(0, 1000, (n_rows, n_samples))).astype(np.int16)
    frame = np.tile(np.arange(n_frames), (n_rows, 1))
    turn = frame // SYLLABLE_FRAMES % 4
    vowel = np.where(turn < 3, turn, NO_VOWEL).astype(np.int8)
    return SungRows(pop, vowel, (frame % SYLLABLE_FRAMES == 0) & (turn < 3))
