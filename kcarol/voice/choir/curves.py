"""A line's notes as curves: pitch that glides, level that fades in and out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.voice.choir.frames import FRAME_S
from kcarol.voice.choir.lines import SungNote

GLIDE_S = 0.06  # from note to note
FADE_S = 0.04  # at both ends of what sounds
EARLY_S = 0.12  # by which a consonant may come before its note


def pitch_and_level(
    notes: Sequence[SungNote], first: int, n_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """MIDI pitch, gliding and held through rests, and amplitude re the hardest stroke, (F,) each.

    `first`: the frame of the song with which they begin.
    """
    pitch, amplitude = np.full(n_frames, np.nan), np.zeros(n_frames)
    for note in notes:  # a later note ends the one before
        start, stop = (round(t / FRAME_S) - first for t in (note.start_s, note.end_s))
        span = slice(max(0, start), max(0, stop))
        pitch[span] = note.pitch
        amplitude[span] = 10 ** (note.level_db / 20)
    return smoothed(_without_gaps(pitch), GLIDE_S), amplitude


def smoothed(curve: np.ndarray, width_s: float) -> np.ndarray:
    """(F,) under a Hann window; beyond its ends the curve stays as it is there."""
    n_around = round(width_s / FRAME_S / 2)
    window = np.hanning(2 * n_around + 3)[1:-1]
    padded = np.pad(curve, n_around, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def begun_early(amplitude: np.ndarray, early_s: float = EARLY_S) -> np.ndarray:
    """(F,) of (F,): at each frame the largest until `early_s` later."""
    n_after = round(early_s / FRAME_S)
    padded = np.pad(amplitude, (0, n_after))
    return np.lib.stride_tricks.sliding_window_view(padded, n_after + 1).max(axis=1)


def _without_gaps(pitch: np.ndarray) -> np.ndarray:
    """(F,) in which a pitch lasts until the next; the first from the beginning. 69 if none."""
    known = np.flatnonzero(~np.isnan(pitch))
    if not len(known):
        return np.full(len(pitch), 69.0)
    last = np.searchsorted(known, np.arange(len(pitch)), side="right") - 1
    return pitch[known[np.maximum(last, 0)]]
