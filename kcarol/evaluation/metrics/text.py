"""Text: which vowels are heard, where syllables begin, and whether a choir sings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import librosa
import mir_eval
import numpy as np

from kcarol.evaluation.metrics.ultrastar import SungNote
from kcarol.evaluation.metrics.waves import LABEL_HOP, SAMPLE_RATE
from kcarol.model.vowels import NO_VOWEL

SYLLABLE_WINDOW_S = 0.08  # within which a syllable's beginning is right
MAX_LAG_S = 0.3  # of a transcription by hand against its record
LAG_STEP_S = 0.01
N_CEPSTRA = 4
N_BANDS = 40
FORMANTS_HZ = (100.0, 5000.0)  # between which they are
COLOUR_FRAMES = 5  # 80 ms
PHRASE_REST_FRAMES = 30  # .5 s


@dataclass(frozen=True)
class VowelFigures:
    """Shares of the frames in which somebody sings, except `in_rests`: of those in which nobody
    does.
    """

    right: float  # the likeliest of six vowels is the one that is sung
    chance: float  # the commonest vowel is sung
    decided: float  # a vowel is decided on
    decided_right: float  # of those, it is the one that is sung
    in_rests: float


def vowel_figures(sung: np.ndarray, likeliest: np.ndarray, decided: np.ndarray) -> VowelFigures:
    """All (F,) of numbers of VOWELS; NO_VOWEL where nobody sings, and where none is decided on.

    A share of no frames is NaN.
    """
    sings, known = sung != NO_VOWEL, decided != NO_VOWEL
    commonest = np.bincount(sung[sings], minlength=1).argmax()
    return VowelFigures(
        _share((likeliest == sung)[sings]),
        _share((sung == commonest)[sings]),
        _share(known[sings]),
        _share((decided == sung)[sings & known]),
        _share(known[~sings]),
    )


def _share(holds: np.ndarray) -> float:
    return float(holds.mean()) if len(holds) else float("nan")


class OnsetCounts(NamedTuple):
    """How many events were matched one to one, and how many there are and were found."""

    matched: int
    wanted: int
    found: int

    @property
    def precision(self) -> float:
        return self.matched / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.matched / max(1, self.wanted)

    @property
    def f(self) -> float:
        return 2 * self.matched / max(1, self.wanted + self.found)

    @classmethod
    def of(cls, wanted_s: np.ndarray, found_s: np.ndarray) -> OnsetCounts:
        """Of two rising series of times, by a largest matching within SYLLABLE_WINDOW_S."""
        matching = mir_eval.util.match_events(wanted_s, found_s, SYLLABLE_WINDOW_S)
        return cls(len(matching), len(wanted_s), len(found_s))

    @classmethod
    def at_best_lag(cls, wanted_s: np.ndarray, found_s: np.ndarray) -> OnsetCounts:
        """The best of `of` with what was found up to MAX_LAG_S earlier or later."""
        lags = np.arange(-MAX_LAG_S, MAX_LAG_S + LAG_STEP_S / 2, LAG_STEP_S)
        return max((cls.of(wanted_s, found_s + lag) for lag in lags), key=lambda c: c.matched)

    @classmethod
    def total(cls, counts: Sequence[OnsetCounts]) -> OnsetCounts:
        return cls(*np.sum(counts, axis=0).tolist())


def syllable_times(notes: Sequence[SungNote]) -> np.ndarray:
    """Seconds at which the syllables of sung notes begin; a melisma's later notes begin none."""
    return np.array([note.start_s for note in notes if note.begins])


def vowel_colour(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (F, N_CEPSTRA): mel-cepstra from 1 on in frames of LABEL_HOP, which follow the first
    two formants of whoever sings, as a mean over COLOUR_FRAMES.
    """
    from scipy.ndimage import uniform_filter1d

    low_hz, high_hz = FORMANTS_HZ
    cepstra = librosa.feature.mfcc(
        y=wave,
        sr=SAMPLE_RATE,
        n_mfcc=N_CEPSTRA + 1,
        hop_length=LABEL_HOP,
        n_fft=4 * LABEL_HOP,
        n_mels=N_BANDS,
        fmin=low_hz,
        fmax=high_hz,
    )
    return uniform_filter1d(cepstra[1:].T, COLOUR_FRAMES, axis=0)


def colour_correlation(
    song: np.ndarray, choir: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Pearson correlation over time of two colours (N, N_CEPSTRA), mean over the cepstra.

    weights (N,): how often each frame counts; None: once. 0 for a colour that is constant.
    """
    centred = [colour - np.average(colour, 0, weights) for colour in (song, choir)]
    variances = [np.average(colour**2, 0, weights) for colour in centred]
    covariance = np.average(centred[0] * centred[1], 0, weights)
    return float(np.mean(covariance / np.sqrt(np.maximum(np.prod(variances, 0), 1e-12))))


def phrases_of(sings: np.ndarray) -> np.ndarray:
    """(F,) bool -> (F,) int: number of the phrase; rests of PHRASE_REST_FRAMES part phrases."""
    sung = np.flatnonzero(sings)
    begins = np.diff(sung, prepend=-np.inf) > PHRASE_REST_FRAMES
    phrases = np.zeros(len(sings), int)
    phrases[sung] = np.cumsum(begins)
    return np.maximum.accumulate(phrases)


def phrase_weights(phrases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Phrases (N,) -> how often each frame counts in a bootstrap that draws whole phrases."""
    numbers, places = np.unique(phrases, return_inverse=True)
    drawn = rng.integers(len(numbers), size=len(numbers))
    return np.bincount(drawn, minlength=len(numbers))[places]
