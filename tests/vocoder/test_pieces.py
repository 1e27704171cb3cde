"""Songs vocoded in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from kcarol.vocoder.pieces import CONTEXT_FRAMES, vocode_in_pieces

HOP = 256


@pytest.mark.parametrize("n_frames", [599, 600, 601, 602, 1_199, 1_200, 1_201])
@pytest.mark.parametrize("rest", [0, 1, 255])
def test_pieces_are_together_as_long_as_the_song(n_frames, rest):
    n_samples, seen = (n_frames - 1) * HOP + rest, []

    def vocode(first, last, length):
        seen.append(last - first)
        assert 1 + length // HOP == last - first
        return first * HOP + np.stack([np.arange(float(length))] * 2)

    pieces = list(vocode_in_pieces(vocode, n_samples, HOP, 600))
    assert np.allclose(np.concatenate(pieces, axis=1), np.arange(n_samples))
    assert max(seen) <= 600 + 2 * CONTEXT_FRAMES
