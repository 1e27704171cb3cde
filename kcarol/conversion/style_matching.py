"""Style matching: corrects conversions by how the model's playing differs from a recorded carol.

Style embeddings were learned on renders, and recordings lie outside that distribution. So the
recording is transcribed and played in its own style, and the difference is applied to conversions:
spectral balance, variance of each band, and texture. Balance and variance are smoothed over
neighbouring bands to keep out the recording's key and chords: matched band by band, conversions
lose .13 of their chroma to the reference's notes. Both are applied only in part, since
transcription errors add to the difference (data/experiments.md).
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

BALANCE_BANDS = 25  # smoothed over; an octave in the treble
STRETCH_BANDS = 17
# nats by which two songs in one style differ: only what exceeds it belongs to the style
BALANCE_DOUBT = 0.3
SOUNDING_DB = 40.0  # frames this far below the loudest are silence
STRETCH_LIMITS = (0.8, 2.5)  # beyond these the transcription was wrong
# of the factor that makes movements as large as the recording's; 0 leaves the conditional mean's
STRETCH_POWER = 0.5
SLOW_FRAMES = 25  # 0.4 s: slower differences are errors of the prediction, not texture


def balance_of(predicted: Tensor, target: Tensor) -> Tensor:
    """Nats (M,) that `predicted` lacks of `target`, log-mels (F, M) of the same content."""
    difference = mean_sounding(target) - mean_sounding(predicted)
    return F.softshrink(smoothed(difference, BALANCE_BANDS), BALANCE_DOUBT)


def stretch_of(predicted: Tensor, target: Tensor, texture: Tensor, n_frames: int) -> Tensor:
    """Factor (M,) of the movements of `predicted` towards those of `target`, log-mels (F, M).

    Global variance (Toda and Tokuda, IEICE Trans. 2007) for each band, about running means over
    `n_frames`: a conditional mean varies too little. The variance of `texture` (M,), which is
    added later, is subtracted.
    """
    wanted = (movement(target, n_frames) - texture**2).clamp_min(0)
    factor = (wanted / movement(predicted, n_frames).clamp_min(1e-6)).sqrt()
    return smoothed(factor.clamp(*STRETCH_LIMITS), STRETCH_BANDS) ** STRETCH_POWER


def measure_texture(predicted: Tensor, target: Tensor) -> Tensor:
    """Deviation (M,) of the fast part of the difference of log-mels (F, M) of one content."""
    difference = (target - predicted).T[None]
    slow = F.avg_pool1d(difference, SLOW_FRAMES, 1, SLOW_FRAMES // 2, count_include_pad=False)
    return (difference - slow)[0].std(dim=1)


def mean_sounding(log_mel: Tensor) -> Tensor:
    """Mean log-mel (M,) of the frames of (F, M) that are not silent."""
    loudest = log_mel.amax(dim=1)
    return log_mel[loudest >= loudest.amax() - SOUNDING_DB * math.log(10) / 20].mean(dim=0)


def movement(log_mel: Tensor, n_frames: int) -> Tensor:
    """Variance (M,) of (F, M) about its running mean over `n_frames`."""
    reach = n_frames // 2
    mean = F.avg_pool1d(log_mel.T[None], 2 * reach + 1, 1, reach, count_include_pad=False)[0].T
    return (log_mel - mean).square().mean(dim=0)


def smoothed(values: Tensor, bands: int) -> Tensor:
    """(M,) averaged over an odd number of neighbouring bands; the outermost are repeated."""
    padded = F.pad(values[None, None], (bands // 2, bands // 2), mode="replicate")
    return F.avg_pool1d(padded, bands, 1)[0, 0]
