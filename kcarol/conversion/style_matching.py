"""The tone of a carol's recording: what its conversions lack of the balance of its spectrum, and of
how far it moves.

A style's embedding was learned on renders, and recordings lie outside of them. So the recording
itself is played from what is heard in it, and what that playing lacks is what a conversion will
lack. Both are smoothed over neighbouring bands, so that the recording's key and its chords stay out
of them: matched band by band, conversions lose .13 of their chroma to the reference's notes. And
both are believed in part, since what was misheard is lacking, too (data/README.md).
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from kcarol.config import AudioConfig

TONE_BANDS, STRETCH_BANDS = 25, 17  # smoothed over; 25 bands are an octave in the treble
# nats by which two songs in one sound differ: only what is beyond is the sound's
BALANCE_DOUBT = 0.3
SOUNDING_DB = 40.0  # frames this far below the loudest are silence
STRETCH_S = 4.0  # movements within about this long
STRETCH_LIMITS = (0.8, 2.5)  # what a wrong transcription asks for beyond is not believed
# of the factor that makes movements as large as the recording's; 0 leaves the conditional mean's
STRETCH_POWER = 0.5


def tone_of(log_mel: Tensor) -> Tensor:
    """Mean log-mel (M,) of the frames of (F, M) that sound."""
    loudest = log_mel.amax(dim=1)
    return log_mel[loudest >= loudest.amax() - SOUNDING_DB * math.log(10) / 20].mean(dim=0)


def balance_of(predicted: Tensor, target: Tensor) -> Tensor:
    """(M,) to add to each frame of what is played in the sound of `target`; both log-mels (F, M),
    of the same content.
    """
    return F.softshrink(smoothed(tone_of(target) - tone_of(predicted), TONE_BANDS), BALANCE_DOUBT)


def stretch_of(predicted: Tensor, target: Tensor, texture: Tensor, cfg: AudioConfig) -> Tensor:
    """Factor (M,) of the movements of `predicted` that brings them, under `texture` (M,), towards
    those of `target`.

    Log-mels (F, M) of the same content. A conditional mean moves less than what it is the mean of,
    and by how much depends on how well it knows it: global variance, as in Toda and Tokuda, IEICE
    Trans. 2007, for each band. All of it would make the movements as large, and what is wrong in
    them, too.
    """
    n_frames = round(STRETCH_S * cfg.frame_rate)
    wanted = (movement(target, n_frames) - texture**2).clamp_min(0)
    factor = (wanted / movement(predicted, n_frames).clamp_min(1e-6)).sqrt()
    return smoothed(factor.clamp(*STRETCH_LIMITS), STRETCH_BANDS) ** STRETCH_POWER


def movement(log_mel: Tensor, n_frames: int) -> Tensor:
    """Variance (M,) of (F, M) about its running mean over about `n_frames`."""
    reach = n_frames // 2
    mean = F.avg_pool1d(log_mel.T[None], 2 * reach + 1, 1, reach, count_include_pad=False)[0].T
    return (log_mel - mean).square().mean(dim=0)


def smoothed(values: Tensor, bands: int) -> Tensor:
    """(M,) averaged over an odd number of neighbouring bands; the outermost count on."""
    padded = F.pad(values[None, None], (bands // 2, bands // 2), mode="replicate")
    return F.avg_pool1d(padded, bands, 1)[0, 0]
