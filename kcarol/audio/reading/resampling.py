"""Waves at another sample rate, by chunks: soxr in librosa's quality, without importing librosa."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

QUALITY = "HQ"  # "soxr_hq" of librosa


def n_resampled(n_samples: int, rate: int, target: int) -> int:
    """The number of samples at another rate: rounded up, as librosa does."""
    return -(-n_samples * target // rate)


def resampled(chunks: Iterable[np.ndarray], rate: int, target: int) -> Iterator[np.ndarray]:
    """Chunks (n,) or (n, channels) at another rate, `n_resampled` samples in all."""
    if rate == target:
        yield from chunks
        return
    resampler = None
    n_in = n_out = 0
    for chunk in chunks:
        n_channels = 1 if chunk.ndim == 1 else chunk.shape[1]
        resampler = resampler or soxr.ResampleStream(rate, target, n_channels, "float32", QUALITY)
        n_in += len(chunk)
        done = resampler.resample_chunk(chunk)
        n_out += len(done)
        if len(done):
            yield done
    if resampler:
        rest = resampler.resample_chunk(chunk[:0], last=True)
        yield fit(rest, max(0, n_resampled(n_in, rate, target) - n_out))


def of_length(chunks: Iterable[np.ndarray], n_samples: int) -> Iterator[np.ndarray]:
    """At least one chunk, cut, or padded with silence, to `n_samples` in all."""
    n_missing = n_samples
    for chunk in chunks:
        yield chunk[:n_missing]
        n_missing = max(0, n_missing - len(chunk))
    if n_missing:
        yield fit(chunk[:0], n_missing)


def fit(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """(n,) or (n, channels), cut, or padded with silence, to a length."""
    missing = max(0, n_samples - len(wave))
    return np.pad(wave[:n_samples], [(0, missing)] + [(0, 0)] * (wave.ndim - 1))
