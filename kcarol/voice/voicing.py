"""How much of a sound is periodic, as a sung vowel is and a drum is not.

By the normalised autocorrelation of short frames (P. Boersma, "Accurate short-term analysis of the
fundamental frequency and the harmonics-to-noise ratio of a sampled sound", 1993), here of the band
of a voice's strongest harmonics.
"""

from __future__ import annotations

import numpy as np
import torch

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import power
from kcarol.progress import Progress, tracked, untold

WINDOW_S = 0.064
BAND_HZ = (150.0, 2_000.0)  # above a bass drum
# periods that are looked for; of higher notes several make one of these
LOWEST_HZ, HIGHEST_HZ = 75.0, 500.0
OVERSAMPLED = 4  # lags, re the band's upper end
PIECE_FRAMES = 512  # at once

Wave = np.ndarray | DiskWave  # (C, T)


def voicing(
    wave: Wave, n_frames: int, rate: int, frame_rate: float, progress: Progress = untold
) -> np.ndarray:
    """(C, T) at `rate` Hz -> (n_frames,): the highest correlation of each frame, channels added,
    with itself a period later, 0 to about 1; 0 for silence.
    """
    n = 2 ** round(np.log2(WINDOW_S * rate))
    window = torch.hann_window(n)
    hz = torch.arange(n // 2 + 1) * (rate / n)
    band = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
    n_bins = int(BAND_HZ[1] * n / rate) + 2
    n_lags = 2 * OVERSAMPLED * n_bins
    lags = torch.arange(*(int(n_lags * rate / n / f) for f in (HIGHEST_HZ, LOWEST_HZ)))
    of_window = torch.fft.irfft(power(torch.fft.rfft(window)))
    expected = of_window[(lags * (n / n_lags)).long()] / of_window[0]

    def correlations(first: int) -> np.ndarray:
        frames = np.arange(first, min(first + PIECE_FRAMES, n_frames))
        starts = np.round(frames * (rate / frame_rate)).astype(int) - n // 2
        piece = _read(wave, starts[0], starts[-1] + n).sum(0)
        sound = torch.from_numpy(piece[(starts - starts[0])[:, None] + np.arange(n)])
        powers = power(torch.fft.rfft(sound * window)) * band
        autocorrelation = torch.fft.irfft(powers[:, :n_bins], n_lags)
        whole = autocorrelation[:, :1].clamp(min=torch.finfo(torch.float32).tiny)
        return (autocorrelation[:, lags] / whole / expected).amax(1).numpy()

    firsts = range(0, n_frames, PIECE_FRAMES)
    pieces = zip(tracked(firsts, progress), parallel_map(correlations, firsts), strict=True)
    return np.concatenate([found for _, found in pieces]).clip(min=0)


def _read(wave: Wave, start: int, stop: int) -> np.ndarray:
    """(C, stop - start), with silence beyond both ends."""
    found = wave[..., max(0, start) : max(0, stop)]
    before = min(stop - start, max(0, -start))
    return np.pad(found, ((0, 0), (before, stop - start - before - found.shape[-1])))
