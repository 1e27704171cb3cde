"""Rhythm: onsets and beats."""

from __future__ import annotations

import librosa
import mir_eval
import numpy as np

from kcarol.evaluation.metrics.waves import HOP, LABEL_HOP, SAMPLE_RATE

ONSET_LAG_S = 0.064  # the beat may come this much earlier or later


def onset_envelope(wave: np.ndarray) -> np.ndarray:
    """(T,) -> (F,) onset strength."""
    return librosa.onset.onset_strength(y=wave, sr=SAMPLE_RATE, hop_length=HOP).astype(np.float32)


def onset_correlation(source: np.ndarray, output: np.ndarray) -> float:
    """Pearson correlation of two onset envelopes (F,) at the best lag within 64 ms either way.

    0 when one is constant.
    """
    n = min(len(source), len(output))
    max_lag = int(ONSET_LAG_S * SAMPLE_RATE / HOP)
    correlations = []
    for lag in range(-max_lag, max_lag + 1):
        a = source[max(0, lag) : n + min(0, lag)]
        b = output[max(0, -lag) : n + min(0, -lag)]
        if len(a) < 2 or a.std() < 1e-9 or b.std() < 1e-9:
            return 0.0
        correlations.append(float(np.corrcoef(a, b)[0, 1]))
    return max(correlations)


def onset_f(target: np.ndarray, output: np.ndarray) -> float:
    """F-measure of the detected onsets of two waves (T,) within 50 ms (mir_eval.onset)."""
    form = {"sr": SAMPLE_RATE, "hop_length": LABEL_HOP, "units": "time"}
    times = [librosa.onset.onset_detect(y=wave, **form) for wave in (target, output)]
    if not all(map(len, times)):
        return 0.0
    return float(mir_eval.onset.f_measure(*times, window=0.05)[0])


def beat_times(envelope: np.ndarray) -> np.ndarray:
    """Onset strength (F,) -> beat times in seconds (librosa's beat tracker)."""
    if not len(envelope) or envelope.max() <= 0:
        return np.zeros(0)
    form = {"sr": SAMPLE_RATE, "hop_length": HOP, "units": "time"}
    return librosa.beat.beat_track(onset_envelope=envelope, **form)[1]


def beat_f(source_s: np.ndarray, output_s: np.ndarray) -> float:
    """F-measure of two beat sequences in seconds within 70 ms (mir_eval.beat), from 5 s on."""
    times = [mir_eval.beat.trim_beats(np.asarray(beats)) for beats in (source_s, output_s)]
    return float(mir_eval.beat.f_measure(*times)) if all(map(len, times)) else 0.0
