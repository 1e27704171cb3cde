"""Style in full band and stereo: bands to 20 kHz and the width, against recorded carols."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np

from kcarol.evaluation.metrics.waves import LEVEL_RMS

FULL_RATE = 44_100  # Hz
N_FFT = 4096
HOP = 1024
WINDOW_S = 10
MIN_RMS = 1e-4  # quieter windows are left out
BAND_EDGES_HZ = np.array([40, 90, 180, 360, 720, 1440, 2880, 5760, 8000, 11300, 20000])
WIDTH_EDGES_HZ = np.array([90, 360, 1440, 5760, 8000, 16000])
CREST_EDGES_HZ = ((180, 720), (720, 2880), (2880, 8000), (8000, 16000))
DEEPEST_DB = 50.0  # frames this far below the loudest band are silence
FLUX_BINS = slice(8, 1500, 4)
COHERENCE_FFT = 2048
DITHER = 1e-6  # the same in both channels: equal channels are coherent, even silent ones
N_BAND_VALUES = 3 * (len(BAND_EDGES_HZ) - 1) + len(CREST_EDGES_HZ) + 1
N_VALUES = N_BAND_VALUES + 2 * (len(WIDTH_EDGES_HZ) - 1)


def full_band_windows(wave: np.ndarray) -> np.ndarray:
    """(2, T) at 44.1 kHz -> (W, 45), the statistics of its 10 s windows.

    Level, deviation and movement of ten bands, crest of four, flux; side against middle and
    coherence of left and right in five bands.
    """
    size = WINDOW_S * FULL_RATE
    starts = range(0, max(1, wave.shape[1] - size // 2), size)
    windows = (wave[:, start : start + size] for start in starts)
    rows = [_statistics(w / rms * LEVEL_RMS) for w in windows if (rms := _rms(w)) >= MIN_RMS]
    return np.array(rows).reshape(len(rows), N_VALUES)


def _rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wave**2))) if wave.size else 0.0


def _statistics(window: np.ndarray) -> np.ndarray:
    """(2, T) at rms .1 -> (45,)."""
    left, right = window
    middle, side = (_power((left + right) / 2), _power((left - right) / 2))
    return np.r_[_band_values(middle + side), _width_db(middle, side), _coherence(window)]


def _power(wave: np.ndarray) -> np.ndarray:
    return np.abs(librosa.stft(wave, n_fft=N_FFT, hop_length=HOP)) ** 2


def _band_values(power: np.ndarray) -> np.ndarray:
    """(bins, F) -> (35,)."""
    bands = np.stack([rows.sum(0) for rows in _split(power, BAND_EDGES_HZ)])
    level_db = 10 * np.log10(bands / bands.sum(0).mean() + 1e-8)
    level_db = level_db[:, level_db.max(0) > level_db.max() - DEEPEST_DB]
    movement = np.abs(np.diff(level_db, axis=1)).mean(1)
    crest = [_crest_db(power[_between(low, high)]) for low, high in CREST_EDGES_HZ]
    flux = np.maximum(0, np.diff(np.log(power[FLUX_BINS] + 1e-7), axis=1)).mean()
    return np.r_[level_db.mean(1), level_db.std(1), movement, crest, flux]


def _crest_db(power: np.ndarray) -> float:
    return float((10 * np.log10(power.max(0) / (power.mean(0) + 1e-12) + 1e-9)).mean())


def _width_db(middle: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Power of the side against the middle's in five bands, (5,)."""
    powers = (
        np.array([rows.sum() for rows in _split(channel, WIDTH_EDGES_HZ)])
        for channel in (side, middle)
    )
    ratio = np.divide(*(power + 1e-9 for power in powers))
    return 10 * np.log10(ratio)


def _coherence(window: np.ndarray) -> np.ndarray:
    """Magnitude-squared coherence of left and right in five bands, (5,)."""
    from scipy import signal

    dither = DITHER * np.random.default_rng(0).standard_normal(window.shape[1])
    hz, coherence = signal.coherence(*(window + dither), FULL_RATE, nperseg=COHERENCE_FFT)
    edges = zip(WIDTH_EDGES_HZ[:-1], WIDTH_EDGES_HZ[1:], strict=True)
    return np.array([coherence[(hz >= low) & (hz < high)].mean() for low, high in edges])


def _split(power: np.ndarray, edges_hz: np.ndarray) -> list[np.ndarray]:
    """The bins of (bins, F) between neighbouring edges."""
    pairs = zip(edges_hz[:-1], edges_hz[1:], strict=True)
    return [power[_between(low, high)] for low, high in pairs]


def _between(low_hz: float, high_hz: float) -> np.ndarray:
    hz = np.fft.rfftfreq(N_FFT, 1 / FULL_RATE)
    return (hz >= low_hz) & (hz < high_hz)


@dataclass(frozen=True, eq=False)
class FullBandReference:
    """Windows of real pop (P, 45) and of real carols (C, 45), to measure conversions against.

    Recorded carols measured against others have a `style_full` of .33.
    """

    pop: np.ndarray
    carol: np.ndarray

    @classmethod
    def load(cls, path: Path | str) -> FullBandReference:
        """From an .npz with `pop` and `carol`. Raises ValueError for another one."""
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in ("pop", "carol") if name in arrays.files}
        shapes = {name: rows.shape for name, rows in found.items()}
        if len(found) < 2 or any(shape[1:] != (N_VALUES,) for shape in shapes.values()):
            raise ValueError(f"{path}: expected pop and carol of {N_VALUES} values, found {shapes}")
        return cls(found["pop"], found["carol"])

    def style_full(self, windows: np.ndarray) -> float:
        """Distance of windows (W, 45), pooled, to real carols, over that of pop; NaN without any.

        The distance is the squared difference of means and deviations of standardised values.
        """
        if not len(windows):
            return float("nan")
        return float(self._distances(windows).sum() / self._distances(self.pop).sum())

    def _distances(self, windows: np.ndarray) -> np.ndarray:
        everyone = np.vstack([self.pop, self.carol])
        mean, std = everyone.mean(0), everyone.std(0) + 1e-6
        a, b = ((rows - mean) / std for rows in (windows, self.carol))
        return (a.mean(0) - b.mean(0)) ** 2 + (a.std(0) - b.std(0)) ** 2
