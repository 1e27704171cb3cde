"""The tone of a carol's recording: the balance of its spectrum and how far it moves, to which its conversions are brought.

A style's embedding was learned on renders, and recordings lie outside of them; their balance and range can be measured instead.
Both are smoothed over neighbouring bands, so that the recording's key and its chords stay out of them: matched band by band,
conversions lose .13 of their chroma to the reference's notes, and smoothed over less than an octave .06 of their tunes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.config import AudioConfig

TONE_BANDS, STRETCH_BANDS = 25, 17  # smoothed over; 25 bands are an octave in the treble
SOUNDING_DB = 40.0  # frames this far below the loudest are silence
STRETCH_S = 4.0  # movements within about this long
STRETCH_LIMITS = (0.8, 2.5)  # what a wrong transcription asks for beyond is not believed


def tone_of(log_mel: Tensor) -> Tensor:
    """Mean log-mel (M,) of the frames of (F, M) that sound."""
    return tone_of_pieces(lambda: [log_mel])


def tone_of_pieces(pieces: Callable[[], Iterable[Tensor]]) -> Tensor:
    """`tone_of` a log-mel that `pieces` gives as (f, M) one after the other, each time it is called."""
    softest = torch.stack([piece.amax() for piece in pieces()]).amax() - SOUNDING_DB * math.log(10) / 20
    means, lengths = [], []
    for piece in pieces():
        if len(sounding := piece[piece.amax(dim=1) >= softest]):
            means.append(sounding.mean(dim=0))
            lengths.append(len(sounding))
    return sum(n / sum(lengths) * mean for n, mean in zip(lengths, means, strict=True))


def balance_to(tone: Tensor, own: Tensor) -> Tensor:
    """(M,) to add to each frame of a log-mel of tone `own` (M,): it then has the smoothed balance of `tone` (M,)."""
    return smoothed(tone.to(own) - own, TONE_BANDS)


def stretch_of(predicted: Tensor, target: Tensor, texture: Tensor, cfg: AudioConfig) -> Tensor:
    """Factor (M,) of the movements of `predicted` that makes them, under `texture` (M,), as large as those of `target`.

    Log-mels (F, M) of the same content. A conditional mean moves less than what it is the mean of, and by how much depends on
    how well it knows it: global variance, as in Toda and Tokuda, IEICE Trans. 2007, for each band.
    """
    n_frames = round(STRETCH_S * cfg.frame_rate)
    wanted = (movement(target, n_frames) - texture**2).clamp_min(0)
    factor = (wanted / movement(predicted, n_frames).clamp_min(1e-6)).sqrt()
    return smoothed(factor.clamp(*STRETCH_LIMITS), STRETCH_BANDS)


def movement(log_mel: Tensor, n_frames: int) -> Tensor:
    """Variance (M,) of (F, M) about its running mean over about `n_frames`."""
    reach = n_frames // 2
    mean = F.avg_pool1d(log_mel.T[None], 2 * reach + 1, 1, reach, count_include_pad=False)[0].T
    return (log_mel - mean).square().mean(dim=0)


def smoothed(values: Tensor, bands: int) -> Tensor:
    """(M,) averaged over an odd number of neighbouring bands; the outermost count on."""
    padded = F.pad(values[None, None], (bands // 2, bands // 2), mode="replicate")
    return F.avg_pool1d(padded, bands, 1)[0, 0]
