"""How loud a sound is, and making one as loud as another without a peak beyond full scale."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch

from kcarol.config import AudioConfig

LUFS_PIECE_S = 60.0
BLOCK_S, BLOCKS_OVER = 0.4, 4  # gating blocks of BS.1770-4 and how many lie over each other
GATES_LUFS = -70.0, -10.0  # absolute, and relative to the mean of what passes the first
SHELF = 1500.0, 1 / math.sqrt(2), 4.0  # of the K-weighting: Hz, Q, dB
HIGH_PASS = 38.0, 0.5  # Hz, Q
PIECE_SAMPLES, FILTERED_AT_ONCE = 1 << 14, 16  # of a transform, and transforms at once: 1 MB
RINGING_S = 0.1  # after which nothing in float32 is left of the high-pass filter's response
SILENT_DB = -120.0
MOST_LIMITED_DB = 9.0  # of peaks, where a loud reference is to be matched
LIMITER_S = 0.005  # before and after a peak
LIMITED_S = 1.0  # looked at at once: where no peak is there is nothing to do


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
    power = np.array([_gated(_block_powers(p, sample_rate)) for p in pieces if len(p) >= BLOCK_S * sample_rate])
    power = power[power > _power(GATES_LUFS[0])]
    return _lufs(power[power >= 0.1 * power.mean()].mean()) if len(power) else -math.inf


def match_loudness(
    wave: np.ndarray, reference: np.ndarray, sample_rate: int = AudioConfig.sample_rate, in_place: bool = False
) -> np.ndarray:
    """(T,) turned up or down to the loudness of `reference` (R,), peaks above 1 limited; a copy or `in_place`.

    By LUFS, or by rms where one of them is too short or too soft for that; silence stays as it is. Peaks are lowered by
    at most MOST_LIMITED_DB: beyond that the sound stays softer than the reference.
    """
    here, there = loudness_lufs(wave, sample_rate), loudness_lufs(reference, sample_rate)
    if not (math.isfinite(here) and math.isfinite(there)):
        here, there = loudness_db(wave), loudness_db(reference)
    out = wave if in_place else np.array(wave, dtype=np.float32)
    if here <= SILENT_DB or there <= SILENT_DB:
        return out
    peak = max(float(wave.max()), -float(wave.min()))  # no copy for its absolute values: songs last hours
    out *= np.float32(min(10 ** ((there - here) / 20), 10 ** (MOST_LIMITED_DB / 20) / peak))
    return limit(out, sample_rate)


def limit(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> np.ndarray:
    """(T,) in place with its peaks brought down to 1: the gain falls and rises smoothly over LIMITER_S about each peak."""
    reach = max(1, round(LIMITER_S * sample_rate))
    size, untouched = max(2 * reach, round(LIMITED_S * sample_rate)), wave[:0]
    for start in range(0, len(wave), size):  # piece by piece, the neighbours' samples as they were
        stop = min(start + size, len(wave))
        piece = np.concatenate([untouched, wave[start : stop + 2 * reach]])
        first = len(untouched)
        untouched = piece[first : first + stop - start][-2 * reach :]
        if max(piece.max(), -piece.min()) > 1:
            wave[start:stop] *= _gain(piece, reach)[first : first + stop - start]
    return np.clip(wave, -1, 1, out=wave)


def _gain(wave: np.ndarray, reach: int) -> np.ndarray:
    """(T,) -> (T,) factors: the mean over ±`reach` of gains that all suffice for the samples within `reach` of them."""
    need = 1 / np.maximum(_sliding_max(np.pad(np.abs(wave), reach), 2 * reach + 1), 1)
    total = np.cumsum(np.pad(need, (reach + 1, reach), mode="edge"), dtype=np.float64)
    return ((total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)).astype(np.float32)


def _sliding_max(values: np.ndarray, size: int) -> np.ndarray:
    """(N,) -> (N - size + 1,): the largest of `size` neighbours, from those of 2, 4, 8 ... of them."""
    width = 1
    while 2 * width <= size:
        values, width = np.maximum(values[:-width], values[width:]), 2 * width
    return np.maximum(values[: len(values) - (size - width)], values[size - width :])


def _block_powers(wave: np.ndarray, rate: int) -> np.ndarray:
    """(T,) -> mean squares of the K-weighted wave in blocks of BLOCK_S, a quarter of a block apart."""
    step_s = BLOCK_S / BLOCKS_OVER
    n_blocks = round((len(wave) / rate - BLOCK_S) / step_s) + 1
    edges = (step_s * rate * np.arange(n_blocks + BLOCKS_OVER)).astype(int)
    quarters = np.add.reduceat(np.square(_k_weighted(wave, rate)[: edges[-1]]), edges[:-1], dtype=np.float64)
    return np.convolve(quarters, np.ones(BLOCKS_OVER), "valid") / (BLOCK_S * rate)


def _gated(powers: np.ndarray) -> float:
    """Mean of the blocks that pass both gates; 0 where none does."""
    loud = powers[powers >= _power(GATES_LUFS[0])]
    loud = loud[loud > loud.mean() * 10 ** (GATES_LUFS[1] / 10)] if len(loud) else loud
    return float(loud.mean()) if len(loud) else 0.0


def _power(lufs: float) -> float:
    return 10 ** ((lufs + 0.691) / 10)


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power)


def _k_weighted(wave: np.ndarray, rate: int) -> np.ndarray:
    """(T,) through both filters: by products of spectra, piece by piece, each with what rings over from before it."""
    response = _k_response(rate)
    size, ringing = 2 * (len(response) - 1), math.ceil(RINGING_S * rate)
    step = size - ringing
    padded = np.zeros(ringing + math.ceil(len(wave) / step) * step, np.float32)
    padded[ringing : ringing + len(wave)] = wave
    frames = torch.from_numpy(padded).unfold(0, size, step)
    out = torch.empty(len(padded) // step, step)
    for pieces, place in zip(frames.split(FILTERED_AT_ONCE), out.split(FILTERED_AT_ONCE), strict=True):
        place.copy_(torch.fft.irfft(torch.fft.rfft(pieces).mul_(response), size)[:, ringing:])
    return out.view(-1)[: len(wave)].numpy()


@cache
def _k_response(rate: int) -> torch.Tensor:
    """The K-weighting's response at the frequencies of a piece's transform, complex64.

    A shelf and a high-pass filter after R. Bristow-Johnson's Audio EQ Cookbook, with which pyloudnorm (AES 150, 2021) has the
    standard's filters at any rate.
    """
    size = PIECE_SAMPLES * max(1, math.ceil(rate / 48_000))
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    hz, q, gain_db = SHELF
    a, w = 10 ** (gain_db / 40), 2 * np.pi * hz / rate
    cos, slope = np.cos(w), 2 * math.sqrt(a) * np.sin(w) / (2 * q)
    above = [a * (a + 1 + (a - 1) * cos + slope), -2 * a * (a - 1 + (a + 1) * cos), a * (a + 1 + (a - 1) * cos - slope)]
    below = [a + 1 - (a - 1) * cos + slope, 2 * (a - 1 - (a + 1) * cos), a + 1 - (a - 1) * cos - slope]
    shelf = np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    w = 2 * np.pi * HIGH_PASS[0] / rate
    cos, slope = np.cos(w), np.sin(w) / (2 * HIGH_PASS[1])
    high = np.polyval([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], z) / np.polyval([1 - slope, -2 * cos, 1 + slope], z)
    return torch.from_numpy(shelf * high).to(torch.complex64)
