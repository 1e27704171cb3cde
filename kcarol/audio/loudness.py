"""How loud a sound is, and making one as loud as another without a peak beyond full scale.

Sounds are arrays (T,), or a `DiskBuffer` of as many samples: they are read and written by slices, a
few minutes at a time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.nn import functional

from kcarol.audio.parallel import side_by_side
from kcarol.config import AudioConfig

PIECE_SAMPLES = 5 << 20  # in memory at once, 20 MB: 5.5 minutes at 16 kHz
LUFS_PIECE_S = 60.0
BLOCK_S = 0.4  # of BS.1770's gating blocks
# of full scale: torchaudio's filters clip at 1, and the K-weighting turns up by 4 dB
UNCLIPPED = 0.25
SILENT_DB = -120.0
MOST_LIMITED_DB = 9.0  # of peaks, where a loud reference is to be matched
LIMITER_S = 0.005  # before and after a peak
LIMITED_S = 1.0  # looked at at once: where no peak is there is nothing to do
ONE_AT_A_TIME = threading.Lock()


def in_pieces(wave: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Of (T,): spans that follow one another, and their samples."""
    for start in range(0, len(wave), PIECE_SAMPLES):
        span = slice(start, min(start + PIECE_SAMPLES, len(wave)))
        yield span, wave[span]


def peak(wave: np.ndarray) -> float:
    # found without a copy for the absolute values
    """Of (T,): the largest absolute value, 0 for none."""
    return max(
        (max(float(piece.max()), -float(piece.min())) for _, piece in in_pieces(wave)), default=0.0
    )


def loudness_db(wave: np.ndarray) -> float:
    """Root mean square of (T,), dB re full scale, at least -120."""
    energy = sum(float(np.vdot(piece, piece)) for _, piece in in_pieces(wave)) / max(1, len(wave))
    return max(SILENT_DB, 10 * math.log10(max(energy, 1e-12)))


def loudness_lufs(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> float:
    """Integrated loudness of (T,) by ITU-R BS.1770-4, LUFS; -inf for silence and for less than 0.4
    s.

    Sounds beyond five minutes are measured in pieces of a minute, joined by energy with the same
    -10 LU gate.
    """
    size = (
        len(wave)
        if len(wave) <= 5 * LUFS_PIECE_S * sample_rate
        else int(LUFS_PIECE_S * sample_rate)
    )
    starts = range(0, len(wave) - math.ceil(BLOCK_S * sample_rate) + 1, max(size, 1))
    power = np.array([_power(wave[start : start + size], sample_rate) for start in starts])
    power = power[power > 1e-7]  # the gate of -70 LUFS; what is silent throughout is not a number
    return (
        float(10 * np.log10(power[power >= 0.1 * power.mean()].mean())) if len(power) else -math.inf
    )


def _power(wave: np.ndarray, rate: int) -> float:
    """Of (T,): 10 to a tenth of its LUFS."""
    from torchaudio.functional import loudness  # lazy, as in the whole package

    gain = min(1.0, UNCLIPPED / max(peak(wave), 1e-9))
    return (
        10 ** (float(loudness(torch.from_numpy(np.float32(gain) * wave[None]), rate)) / 10)
        / gain**2
    )


def match_loudness(
    wave: np.ndarray,
    reference: np.ndarray,
    sample_rate: int = AudioConfig.sample_rate,
    in_place: bool = False,
) -> np.ndarray:
    """(T,) turned up or down to the loudness of `reference` (R,), peaks above 1 limited; a copy or
    `in_place`.

    By LUFS, or by rms where one of them is too short or too soft for that; silence stays as it is.
    Peaks are lowered by at most MOST_LIMITED_DB: beyond that the sound stays softer than the
    reference.
    """
    with _without_onednn():
        here, there = side_by_side(
            lambda sound: loudness_lufs(sound, sample_rate), (wave, reference)
        )
    if not (math.isfinite(here) and math.isfinite(there)):
        here, there = loudness_db(wave), loudness_db(reference)
    out = wave if in_place else np.array(wave, dtype=np.float32)
    if here <= SILENT_DB or there <= SILENT_DB:
        return out
    gain = np.float32(min(10 ** ((there - here) / 20), 10 ** (MOST_LIMITED_DB / 20) / peak(wave)))
    for span, piece in in_pieces(out):
        out[span] = piece * gain
    return limit(out, sample_rate)


@contextmanager
def _without_onednn() -> Iterator[None]:
    """oneDNN convolves one channel as slowly as sixteen, which made torchaudio's meter take four
    times as long.
    """
    with ONE_AT_A_TIME:  # the switch is the whole process's
        before, torch.backends.mkldnn.enabled = torch.backends.mkldnn.enabled, False
        try:
            yield
        finally:
            torch.backends.mkldnn.enabled = before


def limit(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> np.ndarray:
    """(T,) in place with its peaks brought down to 1: the gain falls and rises smoothly over
    LIMITER_S about each peak.
    """
    reach = max(1, round(LIMITER_S * sample_rate))
    size, before = round(LIMITED_S * sample_rate), wave[:0]
    for start in range(0, len(wave), size):  # piece by piece, the neighbours' samples as they were
        span = slice(start, min(start + size, len(wave)))
        around = np.concatenate([before, wave[start : span.stop + 2 * reach]])
        own = around[len(before) :][: span.stop - start]
        if np.abs(around).max() > 1:
            wave[span] = np.clip(own * _gain(around, reach)[len(before) :][: len(own)], -1, 1)
        before = own[-2 * reach :]
    return wave


def _gain(wave: np.ndarray, reach: int) -> np.ndarray:
    """(T,) -> (T,) factors: the mean over ±`reach` of gains that all suffice for the samples within
    `reach` of them.
    """
    largest = functional.max_pool1d(
        torch.from_numpy(np.abs(wave))[None], 2 * reach + 1, stride=1, padding=reach
    )
    need = functional.pad(1 / largest.clamp(min=1), (reach, reach), mode="replicate")
    return functional.avg_pool1d(need, 2 * reach + 1, stride=1)[0].numpy()
