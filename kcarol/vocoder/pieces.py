"""Vocoding a long song piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor

from kcarol.vocoder.phase_continuation import CarriedPhases
from kcarol.vocoder.phase_refinement import STRIDE

# context on each side of a piece: frames beyond change a sample by less than -75 dB (measured)
CONTEXT_FRAMES = 256
FADE_FRAMES = 16  # cross-fade from a piece to the next


def vocode_in_pieces(
    vocode: Callable[[Tensor, int, CarriedPhases], np.ndarray],
    mel_of: Callable[[int, int], Tensor],
    n_samples: int,
    hop: int,
    piece_frames: int,
) -> Iterator[np.ndarray]:
    """A song's wave of `n_samples` as consecutive pieces (t,).

    vocode: log-mel (f, M), samples and phases -> wave. mel_of: first and last frame + 1 -> log-mel
    (f, M). A song of at most `piece_frames` is one piece, equal to that of `vocode`. In a longer
    one, each piece sees frames of its neighbours, its low octaves continue the phases of the piece
    before, and the pieces are cross-faded.
    """
    n_frames = 1 + n_samples // hop
    n_pieces = math.ceil(n_frames / piece_frames)
    size = STRIDE * math.ceil(n_frames / n_pieces / STRIDE)
    phases = CarriedPhases()
    fading_out = np.zeros(0, np.float32)
    for start in range(0, n_frames, size):
        stop = min(start + size, n_frames)
        first = max(0, start - CONTEXT_FRAMES)
        last = min(stop + CONTEXT_FRAMES, n_frames)
        end = n_samples if last == n_frames else last * hop - 1
        wave = vocode(mel_of(first, last), end - first * hop, phases)[(start - first) * hop :]
        next_first = max(0, stop - CONTEXT_FRAMES)
        phases.advance_(next_first - first, stop + CONTEXT_FRAMES // 2 - first)
        fade = np.linspace(1, 0, len(fading_out), dtype=np.float32)
        wave[: len(fade)] += (fading_out - wave[: len(fade)]) * fade
        piece, fading_out = np.split(wave[: (size + FADE_FRAMES) * hop], [size * hop])
        yield piece
