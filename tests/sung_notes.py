"""A tune to sing and play, and measures of what sounds."""

import numpy as np

from kcarol.transcription.lead_sheet import Stroke

RATE = 16_000
TUNE = [Stroke(0.3 + 0.7 * k, 0.65, p, 90) for k, p in enumerate((60, 64, 67, 65, 62, 59, 57, 60))]


def harmonic_pitch(wave: np.ndarray, near_midi: float) -> float:
    """MIDI pitch within a fifth of `near_midi` whose first six harmonics hold most magnitude."""
    n_fft = 1 << 16
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), n_fft))
    cents = np.arange(-700, 701, 5)
    f0_hz = 440 * 2 ** ((near_midi + cents / 100 - 69) / 12)
    bins = f0_hz[:, None] * np.arange(1, 7) * n_fft / RATE
    strength = np.where(
        bins < len(spectrum), np.interp(bins, np.arange(len(spectrum)), spectrum), 0
    )
    return near_midi + cents[strength.sum(axis=1).argmax()] / 100


def steady_part(wave: np.ndarray, stroke: Stroke) -> np.ndarray:
    first, last = stroke.start_s + 0.35 * stroke.length_s, stroke.start_s + 0.85 * stroke.length_s
    return wave[int(first * RATE) : int(last * RATE)]


def level_db(wave: np.ndarray) -> float:
    return 20 * np.log10(np.sqrt(np.mean(np.square(wave))) + 1e-9)
