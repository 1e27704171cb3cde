"""Vocoding a long song piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from kcarol.vocoder.refinement.phase_continuation import CarriedPhases
from kcarol.vocoder.refinement.phase_refinement import STRIDE

# context on each side of a piece: frames beyond change a sample by less than -75 dB (measured)
CONTEXT_FRAMES = 256
FADE_FRAMES = 16  # cross-fade from a piece to the next


def vocode_in_pieces(
    vocode: Callable[[int, int, int], np.ndarray],
    n_samples: int,
    hop: int,
    piece_frames: int,
    carried: Sequence[CarriedPhases] = (),
) -> Iterator[np.ndarray]:
    """A song's sound of `n_samples` as consecutive pieces (..., t).

    vocode: first frame, last frame + 1 and number of samples -> sound (..., t), which may use and
    record the `carried` phases. A song of at most `piece_frames` is one piece. In a longer one,
    each piece sees frames of its neighbours, its low octaves continue the phases of the piece
    before, and the pieces are cross-faded.
    """
    n_frames = 1 + n_samples // hop
    n_pieces = math.ceil(n_frames / piece_frames)
    size = STRIDE * math.ceil(n_frames / n_pieces / STRIDE)
    fading_out = np.zeros(0, np.float32)
    for start in range(0, n_frames, size):
        stop = min(start + size, n_frames)
        first = max(0, start - CONTEXT_FRAMES)
        last = min(stop + CONTEXT_FRAMES, n_frames)
        end = n_samples if last == n_frames else last * hop - 1
        sound = vocode(first, last, end - first * hop)[..., (start - first) * hop :]
        next_first = max(0, stop - CONTEXT_FRAMES)
        for phases in carried:
            phases.advance_(next_first - first, stop + CONTEXT_FRAMES // 2 - first)
        fade = np.linspace(1, 0, fading_out.shape[-1], dtype=np.float32)
        begin = sound[..., : len(fade)]
        begin += (fading_out - begin) * fade
        piece, fading_out = np.split(sound[..., : (size + FADE_FRAMES) * hop], [size * hop], -1)
        yield piece
