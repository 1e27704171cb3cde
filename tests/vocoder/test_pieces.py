"""Songs vocoded in pieces."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kcarol.vocoder.pieces import CONTEXT_FRAMES, vocode_in_pieces

HOP = 256


@pytest.mark.parametrize("n_frames", [599, 600, 601, 602, 1_199, 1_200, 1_201])
@pytest.mark.parametrize("rest", [0, 1, 255])
def test_pieces_are_together_as_long_as_the_song(n_frames, rest):
    n_samples, seen = (n_frames - 1) * HOP + rest, []

    def vocode(mel, length, phases):
        seen.append((int(mel[0, 0]), len(mel)))
        assert 1 + length // HOP == len(mel)
        return seen[-1][0] * HOP + np.arange(float(length))

    def mel_of(first, stop):
        return torch.arange(first, stop)[:, None]

    pieces = list(vocode_in_pieces(vocode, mel_of, n_samples, HOP, 600))
    assert np.allclose(np.concatenate(pieces), np.arange(n_samples))
    assert max(n for _, n in seen) <= 600 + 2 * CONTEXT_FRAMES
