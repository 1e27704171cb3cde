"""Form: whether loudness, density and sections of a whole carol follow its song's.

Waves are whole recordings, (T,) at 16 kHz, at any level.
"""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np

from kcarol.evaluation.metrics.waves import HOP, SAMPLE_RATE

LOUDNESS_S = 3  # length of a loudness window; one begins every second
RUMBLE_HZ = 60.0  # below it nothing counts as loudness
QUIET_DB = 45.0  # below a song's loudest window: no loudness is compared there
DENSITY_S = 8  # length of a block in which onsets are counted
FORM_S = 4  # length of a block of the self-similarity
N_MFCC = 13  # the first of which, the level, is left out
SILENT_POWER = 1e-10


@dataclass(frozen=True, eq=False)
class Course:
    """How a whole recording goes over time."""

    loudness_db: np.ndarray  # (S,) one a second
    density: np.ndarray  # (N,) onsets a second
    timbre: np.ndarray  # (K, 24) mean and deviation of MFCC 1 to 12

    @classmethod
    def of(cls, wave: np.ndarray) -> Course:
        return cls(loudness_course(wave), onset_density(wave), timbre_blocks(wave))

    @property
    def strokes_per_s(self) -> float:
        """Onsets a second on the whole; NaN under one block."""
        return float(self.density.mean()) if len(self.density) else float("nan")


def loudness_course(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (S,) dB: power above the rumble in windows of 3 s, one a second."""
    from scipy import signal

    high = signal.lfilter(*signal.butter(2, RUMBLE_HZ / (SAMPLE_RATE / 2), "high"), wave)
    size = LOUDNESS_S * SAMPLE_RATE
    starts = range(0, max(1, len(high) - size), SAMPLE_RATE)
    power = np.array([np.mean(high[start : start + size] ** 2) for start in starts])
    return 10 * np.log10(power + SILENT_POWER)


def onset_density(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (N,) detected onsets a second in whole blocks of 8 s."""
    onsets_s = librosa.onset.onset_detect(y=wave, sr=SAMPLE_RATE, hop_length=HOP, units="time")
    edges_s = DENSITY_S * np.arange(len(wave) // (DENSITY_S * SAMPLE_RATE) + 1)
    return np.histogram(onsets_s, edges_s)[0] / DENSITY_S if len(edges_s) > 1 else np.zeros(0)


def timbre_blocks(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (K, 24): mean and deviation of MFCC 1 to 12 in whole blocks of 4 s."""
    mfcc = librosa.feature.mfcc(y=wave, sr=SAMPLE_RATE, n_mfcc=N_MFCC, hop_length=HOP)[1:]
    size = FORM_S * SAMPLE_RATE // HOP
    n_blocks = mfcc.shape[1] // size
    blocks = mfcc[:, : n_blocks * size].reshape(len(mfcc), n_blocks, size)
    return np.concatenate([blocks.mean(2), blocks.std(2)]).T


def dynamics_correlation(song: Course, carol: Course) -> float:
    """`dyn_r`: Pearson correlation of loudness where the song is within 45 dB of its loudest."""
    n = min(len(song.loudness_db), len(carol.loudness_db))
    sounds = song.loudness_db[:n] > song.loudness_db[:n].max() - QUIET_DB
    return _correlation(song.loudness_db[:n][sounds], carol.loudness_db[:n][sounds])


def density_correlation(song: Course, carol: Course) -> float:
    """`density_r`: Pearson correlation of onsets a second; 0 where the carol's never change."""
    n = min(len(song.density), len(carol.density))
    return _correlation(song.density[:n], carol.density[:n])


def form_correlation(song: Course, carol: Course, mean: np.ndarray, std: np.ndarray) -> float:
    """`form_r`: Pearson correlation of two self-similarity matrices above their diagonals.

    `mean`, `std` (24,): of the timbre blocks of all recordings compared, see `timbre_statistics`.
    """
    n = min(len(song.timbre), len(carol.timbre))
    above = np.triu_indices(n, 1)
    pair = (self_similarity((c.timbre[:n] - mean) / std)[above] for c in (song, carol))
    return _correlation(*pair)


def timbre_statistics(courses: list[Course]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (24,) of the timbre blocks of several recordings."""
    blocks = np.vstack([course.timbre for course in courses])
    return blocks.mean(0), blocks.std(0) + 1e-9


def self_similarity(blocks: np.ndarray) -> np.ndarray:
    """(K, n) -> (K, K), 1 for equal blocks: exp of minus their rms distance (Foote 1999)."""
    distance = np.sqrt(((blocks[:, None] - blocks[None]) ** 2).mean(-1))
    return np.exp(-distance)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's; 0 where the second is constant, NaN where there is nothing to compare."""
    if len(a) < 2 or a.std() < 1e-9:
        return float("nan")
    return 0.0 if b.std() < 1e-9 else float(np.corrcoef(a, b)[0, 1])
