"""Spectra and back."""

import numpy as np
import pytest

from kcarol.corpus.stft import RootHannStft


@pytest.mark.parametrize("hop, overlap", [(128, 4), (512, 2)])
def test_a_wave_comes_back_but_for_its_ends(hop, overlap):
    wave = np.random.default_rng(0).standard_normal(10_123).astype(np.float32)
    stft = RootHannStft(len(wave), hop, overlap)
    back = stft.synthesise(stft.analyse(stft.frames(wave)))
    inside = slice(stft.n_fft // 2, -stft.n_fft // 2)
    assert back.shape == wave.shape and back.dtype == np.float32
    assert np.allclose(back[inside], wave[inside], atol=1e-5)
