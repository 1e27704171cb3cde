"""Agreement with a known carol and its labels, for synthetic pairs."""

from __future__ import annotations

import librosa
import numpy as np

from kcarol.evaluation.metrics.waves import LABEL_HOP, SAMPLE_RATE, SILENCE, mel_db

# where a carol's tune is looked for, G4 to C7: the accompaniment lies below
TUNE_REGISTER_MIDI = (67, 96)
BINS_PER_SEMITONE = 3
N_OCTAVES = 7
N_SPARE = 1  # strongest classes beyond the chord's own that still count: the tune may add one


def mse_ratio(
    predicted: np.ndarray, target: np.ndarray, mean: np.ndarray, std: np.ndarray
) -> float:
    """Mean squared error on log-mel (F, M) over that of predicting the mean.

    Both are standardised by `mean` and `std` (M,) and cut to one length.
    """
    n = min(len(predicted), len(target))
    error = (predicted[:n] - target[:n]) / std
    spread = (target[:n] - mean) / std
    return float(np.mean(error**2) / (np.mean(spread**2) + SILENCE))


def lsd_db(target: np.ndarray, output: np.ndarray) -> float:
    """Log-spectral distance of two waves (T,) in dB: rms over time in each mel band, mean over
    bands.

    As SS-VQ-VAE measures it (arXiv 2102.05749), where a copy has 14.62 and the model 12.16 on its
    own data. The output is cut or padded to the target's length.
    """
    output = librosa.util.fix_length(output, size=len(target))
    difference = mel_db(target) - mel_db(output)
    return float(np.mean(np.sqrt(np.mean(difference**2, axis=1))))


def tune_and_full_chroma(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T,) -> chroma of the tune register (12, F) and of all octaves (12, F), from one CQT."""
    bins = {"bins_per_octave": 12 * BINS_PER_SEMITONE}
    frames = {"sr": SAMPLE_RATE, "hop_length": LABEL_HOP}
    n_bins = 12 * BINS_PER_SEMITONE * N_OCTAVES
    lowest_hz, lowest_midi = librosa.note_to_hz("C1"), librosa.note_to_midi("C1")
    cqt = np.abs(librosa.cqt(wave, fmin=lowest_hz, n_bins=n_bins, tuning=None, **bins, **frames))
    low, high = ((midi - lowest_midi) * BINS_PER_SEMITONE for midi in TUNE_REGISTER_MIDI)
    register = np.zeros_like(cqt)
    # one more bin on each side: it belongs to the same semitone
    register[low - 1 : high + 2] = cqt[low - 1 : high + 2]
    tune, full = (
        librosa.feature.chroma_cqt(C=part, n_octaves=N_OCTAVES, **bins, **frames)
        for part in (register, cqt)
    )
    return tune.astype(np.float32), full.astype(np.float32)


def tune_share(
    register_chroma: np.ndarray, tune: np.ndarray, onset: np.ndarray | None = None
) -> float:
    """Share of tune notes whose pitch class is the strongest in the tune's register meanwhile.

    register_chroma: (12, F) from `tune_and_full_chroma`. tune: (F,) MIDI, below 0 where it rests.
    onset: (F,) bool, separates repeated notes. NaN without notes.
    """
    tune = np.asarray(tune, dtype=int)
    number = np.cumsum(onset) if onset is not None else np.zeros_like(tune)
    hits = [
        register_chroma[:, first:stop].mean(axis=1).argmax() == tune[first] % 12
        for first, stop in _runs(np.stack([tune, number], axis=1))
        if tune[first] >= 0 and stop <= register_chroma.shape[1]
    ]
    return float(np.mean(hits)) if hits else float("nan")


def chord_share(full_chroma: np.ndarray, chord: np.ndarray) -> float:
    """Share of a chord's n pitch classes among the n + 1 strongest of its mean chroma.

    full_chroma (12, F); chord (F, 12) bool. Mean over chords by length; chance is about 1/3. NaN
    without chords.
    """
    shares, lengths = [], []
    for first, stop in _runs(chord):
        classes = np.flatnonzero(chord[first])
        if len(classes) and stop <= full_chroma.shape[1]:
            order = np.argsort(full_chroma[:, first:stop].mean(axis=1))
            strongest = order[-len(classes) - N_SPARE :]
            shares.append(np.isin(classes, strongest).mean())
            lengths.append(stop - first)
    return float(np.average(shares, weights=lengths)) if shares else float("nan")


def _runs(rows: np.ndarray) -> list[tuple[int, int]]:
    """Spans (first, stop) of equal rows of (F, K)."""
    if not len(rows):
        return []
    edges = np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1)) + 1
    bounds = [0, *edges.tolist(), len(rows)]
    return list(zip(bounds[:-1], bounds[1:], strict=True))
