"""Style matching: corrects conversions by how the model's playing differs from a recorded carol.

Style embeddings were learned on renders, and recordings lie outside that distribution. So the
recording is transcribed, arranged and played in its own style, and the difference is applied to
conversions: spectral balance of middle and side, which is also the width, and variance of each
band. Both are smoothed over neighbouring bands to keep out the recording's key and chords: matched
band by band, conversions lose .13 of their chroma to the reference's notes. Both are applied only
in part, since errors of transcription and another arrangement add to the difference
(data/experiments.md). What a recording does not have, such as the side of a mono file or the treble
of an old one, is left as it is played.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BALANCE_BANDS = 25  # smoothed over; an octave in the treble
STRETCH_BANDS = 17
# nats by which two songs in one style differ: only what exceeds it belongs to the style
BALANCE_DOUBT = 0.3
UNHEARD_DB = -90.0  # re full scale: bands that stay below hold nothing but rounding
# re what is below: five recordings in full band have -45 to -65, their copies at 16 kHz -73 to -99
LEAST_TREBLE_DB = -68.0
SOUNDING_DB = 40.0  # frames this far below the loudest are silence
STRETCH_LIMITS = (0.8, 2.5)  # beyond these the transcription was wrong
# of the factor that makes movements as large as the recording's; 0 leaves the conditional mean's
STRETCH_POWER = 0.5
SLOW_FRAMES = 25  # 0.4 s: slower differences are errors of the prediction, not texture


def known_bands(target: Tensor) -> Tensor:
    """Which bands (..., M) of a recording's log-mel (F, ..., M) hold any sound."""
    return target.amax(dim=0) > UNHEARD_DB * math.log(10) / 20


def has_treble(middle: Tensor, n_mels: int) -> bool:
    """Whether a log-mel (F, M) has any sound above its `n_mels` lower bands."""
    power = (2 * middle).exp().mean(dim=0)
    treble = power[n_mels + 1 :].sum()  # the lowest band of it reaches below
    return bool(treble > 10 ** (LEAST_TREBLE_DB / 10) * power[:n_mels].sum())


def completed(standardised: Tensor, known: Tensor) -> Tensor:
    """Standardised bands (F, 2, M) in which the unknown ones (2, M) move as what is known does: the
    side as the middle, and higher bands as the highest.
    """
    middle, side = standardised.unbind(1)
    known_middle = known[0].nonzero().flatten()
    highest = int(known_middle[-1]) if len(known_middle) else 0
    middle = torch.where(known[0], middle, middle[:, highest, None])
    side = torch.where(known[1], side, middle)
    return torch.stack([middle, side], dim=1)


def balance_of(predicted: Tensor, target: Tensor) -> Tensor:
    """Nats (..., M) that `predicted` lacks of `target`, log-mels (F, ..., M) of the same tune."""
    known = known_bands(target)
    difference = (mean_sounding(target) - mean_sounding(predicted)) * known
    return F.softshrink(smoothed(difference, BALANCE_BANDS), BALANCE_DOUBT) * known


def stretch_of(predicted: Tensor, target: Tensor, texture: Tensor, n_frames: int) -> Tensor:
    """Factor (..., M) of the movements of `predicted` towards those of `target`, log-mels
    (F, ..., M).

    Global variance (Toda and Tokuda, IEICE Trans. 2007) for each band, about running means over
    `n_frames`: a conditional mean varies too little. The variance of `texture` (..., M), which is
    added later, is subtracted.
    """
    wanted = (movement(target, n_frames) - texture**2).clamp_min(0)
    factor = (wanted / movement(predicted, n_frames).clamp_min(1e-6)).sqrt()
    factor = torch.where(known_bands(target), factor, 1.0).clamp(*STRETCH_LIMITS)
    return smoothed(factor, STRETCH_BANDS) ** STRETCH_POWER


def measure_texture(predicted: Tensor, target: Tensor) -> Tensor:
    """Deviation (M,) of the fast part of the difference of log-mels (F, M) of one content."""
    difference = (target - predicted).T[None]
    slow = F.avg_pool1d(difference, SLOW_FRAMES, 1, SLOW_FRAMES // 2, count_include_pad=False)
    return (difference - slow)[0].std(dim=1)


def mean_sounding(log_mel: Tensor) -> Tensor:
    """Mean log-mel (..., M) of the frames of (F, ..., M) that are not silent."""
    loudest = log_mel.flatten(1).amax(dim=1)
    return log_mel[loudest >= loudest.amax() - SOUNDING_DB * math.log(10) / 20].mean(dim=0)


def movement(log_mel: Tensor, n_frames: int) -> Tensor:
    """Variance (..., M) of (F, ..., M) about its running mean over `n_frames`."""
    reach = n_frames // 2
    bands = log_mel.flatten(1).T[None]
    mean = F.avg_pool1d(bands, 2 * reach + 1, 1, reach, count_include_pad=False)
    return (bands - mean)[0].square().mean(dim=1).view(log_mel.shape[1:])


def smoothed(values: Tensor, bands: int) -> Tensor:
    """(..., M) averaged over an odd number of neighbouring bands; the outermost are repeated."""
    rows = values.reshape(-1, 1, values.shape[-1])
    padded = F.pad(rows, (bands // 2, bands // 2), mode="replicate")
    return F.avg_pool1d(padded, bands, 1).view(values.shape)
