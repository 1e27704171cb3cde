"""Groove and energy: which eighths are struck, and how full the arrangement is."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription.activations import logit_of, otsu_threshold
from kcarol.transcription.bars import beat_parts

NEAR_FRAMES = 4  # a stroke's distance from its eighth
SWING = 0.2  # beats by which the second eighth may come late; triplets are 1/6
ENERGY_HZ = 8  # values a second of which the running median is taken


def find_strokes(
    activation: np.ndarray,
    beats: np.ndarray,
    positions: np.ndarray,
    divisions: np.ndarray,
    cfg: DecodingConfig,
) -> np.ndarray:
    """(F,) float32: the probability that an eighth is struck, at its frame; 0 between eighths.

    From the accent probability (F,), and the beats (N,) with their positions in the bar and the
    number of their parts, which are the eighths: halves, or thirds in compound time. A groove
    stays the same for several bars, so each place of the bar also counts by its mean over the bars
    around, and by which of the song's two kinds of places, strong or weak, it belongs to.
    """
    beat, part = beat_parts(divisions)
    frames = _eighth_frames(activation, beats, beat + part / divisions[beat])
    place = divisions.max() * positions[beat] + part
    bar = np.cumsum(place == 0)
    total, count = np.zeros((2, bar[-1] + 1, place.max() + 1))
    np.add.at(total, (bar, place), activation[frames])
    np.add.at(count, (bar, place), 1)
    around = _sums_around(total, cfg.groove_bars) / _sums_around(count, cfg.groove_bars).clip(1)
    level = logit_of(around[bar, place], 0.01)
    threshold, contrast = otsu_threshold(level)
    if contrast < cfg.min_contrast:
        threshold = 0.0
    out = np.zeros(len(activation), np.float32)
    eighth = logit_of(activation[frames], 0.01)
    log_odds = cfg.stroke.log_odds(place=level, contrast=level - threshold, eighth=eighth)
    out[frames] = 1 / (1 + np.exp(-log_odds))
    return out


def _eighth_frames(activation: np.ndarray, beats: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Frames (P,) of the eighths `at` (P,) in beats, each at the highest activation near it.

    Halves of beats may come late by the swing of triplets.
    """
    middle = np.interp(at, np.arange(len(beats)), beats).round().astype(int)
    late = np.zeros(len(at))
    if len(beats) > 1:
        late = np.where(at % 1 == 0.5, SWING * np.gradient(beats)[at.astype(int)], 0)
    starts = (middle - NEAR_FRAMES).clip(0)
    stops = (middle + late.clip(NEAR_FRAMES) + 1).astype(int)
    spans = zip(starts, stops, strict=True)
    return np.array([start + int(activation[start:stop].argmax()) for start, stop in spans])


def _sums_around(table: np.ndarray, reach: int) -> np.ndarray:
    """(N, n) -> (N, n): sums over the rows at most `reach` away from each."""
    sums = np.pad(table.cumsum(0), ((1, 0), (0, 0)))
    row = np.arange(len(table))
    return sums[(row + reach + 1).clip(max=len(table))] - sums[(row - reach).clip(0)]


def steady_energy(energy: np.ndarray, audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    """(F,) -> (F,) float32: running median over `energy_s`, of ENERGY_HZ values a second."""
    step = max(1, round(audio.frame_rate / ENERGY_HZ))
    size = max(1, round(cfg.energy_s * ENERGY_HZ))
    padded = np.pad(energy[::step], (size // 2, (size - 1) // 2), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, size)
    coarse = np.partition(around, size // 2, axis=1)[:, size // 2]
    at = np.arange(len(coarse)) * step
    return np.interp(np.arange(len(energy)), at, coarse).astype(np.float32)
