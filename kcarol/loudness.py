"""How loud a sound is, and making one as loud as another without a peak beyond full scale."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.nn import functional

from kcarol.config import AudioConfig
from kcarol.threads import side_by_side

LUFS_PIECE_S = 60.0
BLOCK_S = 0.4  # of BS.1770's gating blocks
UNCLIPPED = 0.25  # of full scale: torchaudio's filters clip at 1, and the K-weighting turns up by 4 dB
SILENT_DB = -120.0
MOST_LIMITED_DB = 9.0  # of peaks, where a loud reference is to be matched
LIMITER_S = 0.005  # before and after a peak
LIMITED_S = 1.0  # looked at at once: where no peak is there is nothing to do
ONE_AT_A_TIME = threading.Lock()


def loudness_db(wave: np.ndarray) -> float:
    """Root mean square of (T,), dB re full scale, at least -120."""
    energy = float(np.vdot(wave, wave)) / max(1, len(wave))
    return max(SILENT_DB, 10 * math.log10(max(energy, 1e-12)))


def loudness_lufs(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> float:
    """Integrated loudness of (T,) by ITU-R BS.1770-4, LUFS; -inf for silence and for less than 0.4 s.

    Sounds beyond five minutes are measured in pieces of a minute, joined by energy with the same -10 LU gate.
    """
    size = len(wave) if len(wave) <= 5 * LUFS_PIECE_S * sample_rate else int(LUFS_PIECE_S * sample_rate)
    pieces = [wave[i : i + size] for i in range(0, len(wave), max(size, 1))]
    power = np.array([_power(piece, sample_rate) for piece in pieces if len(piece) >= BLOCK_S * sample_rate])
    power = power[power > 1e-7]  # the gate of -70 LUFS; what is silent throughout is not a number
    return float(10 * np.log10(power[power >= 0.1 * power.mean()].mean())) if len(power) else -math.inf


def _power(wave: np.ndarray, rate: int) -> float:
    """Of (T,): 10 to a tenth of its LUFS."""
    from torchaudio.functional import loudness  # lazy, as in the whole package

    gain = min(1.0, UNCLIPPED / max(float(wave.max()), -float(wave.min()), 1e-9))
    return 10 ** (float(loudness(torch.from_numpy(np.float32(gain) * wave[None]), rate)) / 10) / gain**2


def match_loudness(
    wave: np.ndarray, reference: np.ndarray, sample_rate: int = AudioConfig.sample_rate, in_place: bool = False
) -> np.ndarray:
    """(T,) turned up or down to the loudness of `reference` (R,), peaks above 1 limited; a copy or `in_place`.

    By LUFS, or by rms where one of them is too short or too soft for that; silence stays as it is. Peaks are lowered by
    at most MOST_LIMITED_DB: beyond that the sound stays softer than the reference.
    """
    with _without_onednn():
        here, there = side_by_side(lambda sound: loudness_lufs(sound, sample_rate), (wave, reference))
    if not (math.isfinite(here) and math.isfinite(there)):
        here, there = loudness_db(wave), loudness_db(reference)
    out = wave if in_place else np.array(wave, dtype=np.float32)
    if here <= SILENT_DB or there <= SILENT_DB:
        return out
    peak = max(float(wave.max()), -float(wave.min()))  # no copy for its absolute values: songs last hours
    out *= np.float32(min(10 ** ((there - here) / 20), 10 ** (MOST_LIMITED_DB / 20) / peak))
    return limit(out, sample_rate)


@contextmanager
def _without_onednn() -> Iterator[None]:
    """oneDNN convolves one channel as slowly as sixteen, which made torchaudio's meter take four times as long."""
    with ONE_AT_A_TIME:  # the switch is the whole process's
        before, torch.backends.mkldnn.enabled = torch.backends.mkldnn.enabled, False
        try:
            yield
        finally:
            torch.backends.mkldnn.enabled = before


def limit(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> np.ndarray:
    """(T,) in place with its peaks brought down to 1: the gain falls and rises smoothly over LIMITER_S about each peak."""
    reach = max(1, round(LIMITER_S * sample_rate))
    size, untouched = round(LIMITED_S * sample_rate), wave[:0]
    for start in range(0, len(wave), size):  # piece by piece, the neighbours' samples as they were
        stop = min(start + size, len(wave))
        piece = np.concatenate([untouched, wave[start : stop + 2 * reach]])
        first = len(untouched)
        untouched = wave[max(start, stop - 2 * reach) : stop].copy()
        if np.abs(piece).max() > 1:
            wave[start:stop] *= _gain(piece, reach)[first : first + stop - start]
    return np.clip(wave, -1, 1, out=wave)


def _gain(wave: np.ndarray, reach: int) -> np.ndarray:
    """(T,) -> (T,) factors: the mean over ±`reach` of gains that all suffice for the samples within `reach` of them."""
    largest = functional.max_pool1d(torch.from_numpy(np.abs(wave))[None], 2 * reach + 1, stride=1, padding=reach)
    need = functional.pad(1 / largest.clamp(min=1), (reach, reach), mode="replicate")
    return functional.avg_pool1d(need, 2 * reach + 1, stride=1)[0].numpy()
