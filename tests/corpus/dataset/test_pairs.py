"""Rendered pairs of pop and carol."""

import hashlib
import itertools

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.corpus.dataset import pairs
from kcarol.corpus.dataset.pairs import VALIDATION_SEED, make_pairs
from kcarol.synthesis import render

CFG = AudioConfig()
# training needs more
MISSING = render.available((render.CAROL_SOUNDFONT, render.VALIDATION_SOUNDFONT))
needs_synth = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
corpus = pytest.mark.corpus


@pytest.fixture(scope="module")
def short_pairs():
    return {seed: make_pairs(seed, CFG, 4.0) for seed in (VALIDATION_SEED + 2, VALIDATION_SEED + 3)}


@corpus
@needs_synth
def test_same_seed_gives_the_same_bytes(short_pairs):
    def digest(made):
        return [
            hashlib.sha256(
                p.pop.tobytes() + p.carol.tobytes() + p.labels.packed().tobytes()
            ).digest()
            for p in made
        ]

    first, second = short_pairs
    assert digest(make_pairs(first, CFG, 4.0)) == digest(short_pairs[first])
    assert digest(short_pairs[second]) != digest(short_pairs[first])


@corpus
@needs_synth
def test_pop_carol_and_labels_are_equally_long_and_audible(short_pairs):
    for pair in itertools.chain(*short_pairs.values()):
        assert len(pair.pop) == len(pair.carol) and pair.pop.dtype == pair.carol.dtype == np.float32
        assert len(pair.labels.tune) == CFG.n_frames(len(pair.pop))
        for wave in (pair.pop, pair.carol):
            assert np.isfinite(wave).all() and 0.01 < np.abs(wave).max() <= 1


@corpus
@needs_synth
def test_songs_of_one_seed_are_different_songs_in_one_style(short_pairs):
    for first, second in short_pairs.values():
        assert first.style == second.style and first.title != second.title


def test_validation_shares_no_title_with_training(monkeypatch):
    monkeypatch.setattr(
        pairs, "make_pair", lambda sheet, style, rng, cfg, soundfont, *_: (sheet.title, soundfont)
    )
    drawn = [
        {pair for s in range(60) for pair in make_pairs(base + s, CFG)}
        for base in (0, VALIDATION_SEED)
    ]
    titles, fonts = [[{pair[i] for pair in side} for side in drawn] for i in (0, 1)]
    assert min(map(len, titles)) > 20 and not titles[0] & titles[1] and not fonts[0] & fonts[1]
