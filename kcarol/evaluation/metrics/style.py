"""Style: distance to real carols, by statistics of timbre and rhythm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import librosa
import numpy as np

from kcarol.evaluation.metrics.waves import LEVEL_RMS, SAMPLE_RATE

STYLE_RATE = 12_000  # Hz: codecs differ above 6 kHz, music does not
WINDOW_S = 10
MIN_RMS = 1e-4  # quieter windows are left out


def style_names() -> list[str]:
    """Names of the 69 values of a style window."""
    mfcc = [f"mfcc{i}_{k}" for k in ("mean", "std", "delta") for i in range(1, 20)]
    contrast = [f"contrast{i}_{k}" for k in ("mean", "std") for i in range(4)]
    return [*mfcc, *contrast, "flatness", "onset_mean", "onset_std", "percussive"]


def style_windows(wave: np.ndarray) -> np.ndarray:
    """(T,) at 16 kHz as `prepare` gives it -> (W, 69), the statistics of its 10 s windows.

    Left out are silent windows, and a last one shorter than 5 s unless it is the only one.
    """
    wave = np.asarray(wave, dtype=np.float32)
    wave = librosa.resample(wave, orig_sr=SAMPLE_RATE, target_sr=STYLE_RATE)
    size = WINDOW_S * STYLE_RATE
    starts = range(0, max(1, len(wave) - size // 2), size)
    windows = (wave[start : start + size] for start in starts)
    rows = [_statistics(window) for window in windows if _rms(window) >= MIN_RMS]
    return np.array(rows).reshape(len(rows), len(style_names()))


def _rms(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wave**2))) if len(wave) else 0.0


def _statistics(window: np.ndarray) -> np.ndarray:
    """(T,) at 12 kHz -> (69,), at rms .1."""
    window = window / np.sqrt(np.mean(window**2)) * LEVEL_RMS
    sound = {"y": window, "sr": STYLE_RATE}
    mfcc = librosa.feature.mfcc(**sound, n_mfcc=20, fmax=5500)[1:]
    contrast = librosa.feature.spectral_contrast(**sound, n_bands=4)[:-1]
    flatness = np.log(librosa.feature.spectral_flatness(y=window) + 1e-9).mean()
    onset = librosa.onset.onset_strength(**sound, fmax=5500)
    magnitude = np.abs(librosa.stft(window, n_fft=1024, hop_length=512))
    harmonic, percussive = ((part**2).sum() for part in librosa.decompose.hpss(magnitude))
    rhythm = [flatness, onset.mean(), onset.std(), percussive / (harmonic + percussive + 1e-9)]
    delta = np.diff(mfcc, axis=1).std(axis=1)
    return np.r_[mfcc.mean(1), mfcc.std(1), delta, contrast.mean(1), contrast.std(1), rhythm]


@dataclass(frozen=True, eq=False)
class StyleReference:
    """Style windows of real pop (P, 69) and real carols (C, 69), to measure conversions against.

    Real carols measured against others have a `p_carol` of .7 to .8 and a `style` of .2; values
    beyond these are no improvement. Raises ValueError for windows of another shape.
    """

    pop: np.ndarray
    carol: np.ndarray

    def __post_init__(self):
        n_values = len(style_names())
        for name in ("pop", "carol"):
            shape = np.shape(getattr(self, name))
            if len(shape) != 2 or shape[1] != n_values or shape[0] < 2:
                raise ValueError(
                    f"expected at least 2 {name} windows of {n_values} values, found {shape}"
                )

    @classmethod
    def fit(cls, pop_windows: np.ndarray, carol_windows: np.ndarray) -> StyleReference:
        return cls(np.asarray(pop_windows, dtype=float), np.asarray(carol_windows, dtype=float))

    @classmethod
    def load(cls, path: Path | str) -> StyleReference:
        """From an .npz with `pop` and `carol`. Raises ValueError for another one."""
        with np.load(path, allow_pickle=False) as arrays:
            if missing := {"pop", "carol"} - set(arrays.files):
                names = " and ".join(sorted(missing))
                raise ValueError(f"{path}: expected arrays pop and carol, found no {names}")
            return cls.fit(arrays["pop"], arrays["carol"])

    @cached_property
    def _model(self):
        """Standardisation and a logistic regression of carols against pop."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        regression = LogisticRegression(C=0.05, class_weight="balanced", max_iter=3000)
        is_carol = np.r_[np.zeros(len(self.pop)), np.ones(len(self.carol))]
        windows = np.vstack([self.pop, self.carol])
        return make_pipeline(StandardScaler(), regression).fit(windows, is_carol)

    def p_carol(self, windows: np.ndarray) -> float:
        """Mean probability that windows (W, 69) are from a carol; NaN without windows."""
        if not len(windows):
            return float("nan")
        return float(self._model.predict_proba(windows)[:, 1].mean())

    def style(self, windows: np.ndarray) -> float:
        """Distance of windows (W, 69), pooled, to real carols, over that of pop; NaN without any.

        The distance is the squared difference of means and deviations. Pool at least eight clips
        of 20 s: a single clip is never as varied as carols are.
        """
        if not len(windows):
            return float("nan")
        pop_to_carol = self.distances(self.pop, self.carol).sum()
        return float(self.distances(windows, self.carol).sum() / pop_to_carol)

    def farthest(self, windows: np.ndarray, n: int = 8) -> list[tuple[str, float]]:
        """The n values farthest from real carols, each with the z of its mean."""
        order = np.argsort(-self.distances(windows, self.carol))[:n]
        scale = self._model[0].transform
        z = scale(windows).mean(0) - scale(self.carol).mean(0)
        return [(style_names()[i], float(z[i])) for i in order]

    def distances(self, windows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """(W, 69) and (V, 69) -> (69,), the distance between the two in each value."""
        a, b = (self._model[0].transform(x) for x in (windows, others))
        return (a.mean(0) - b.mean(0)) ** 2 + (a.std(0) - b.std(0)) ** 2
