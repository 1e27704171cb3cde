"""A carol's parts as a record: sampled instruments and sleigh bells in a hall."""

from __future__ import annotations

import numpy as np

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.styles import CarolStyle
from kcarol.corpus.mixing.room import reverb
from kcarol.corpus.synthesis.render import CAROL_SOUNDFONT, render_parts
from kcarol.transcription.lead_sheet import LeadSheet, Part, TimeGrid

RMS = 0.1  # of the instruments and of the carol
PEAK = 0.98
HALL_RT60_S, HALL_DAMPING = 2.0, 0.6


def render_carol(
    sheet: LeadSheet,
    grid: TimeGrid,
    style: CarolStyle,
    sample_rate: int,
    length_s: float | None = None,
    soundfont: str = CAROL_SOUNDFONT,
) -> np.ndarray:
    """The carol as sound: (T,) float32 mono, peak below 1, T = length_s * sample_rate."""
    length_s = grid.length_s if length_s is None else length_s
    parts = arrange_carol(sheet, grid, style)
    sampled = [part for part in parts if not part.is_drums]
    dry = _levelled(render_parts(sampled, length_s, sample_rate, soundfont).mean(axis=0))
    for part in parts:
        if part.is_drums:
            _add_sleigh_bells_(dry, part, sample_rate)
    wave = reverb(dry, sample_rate, HALL_RT60_S, style.hall, seed=12, damping=HALL_DAMPING)
    wave = _levelled(wave)
    return (wave / max(1.0, np.abs(wave).max() / PEAK)).astype(np.float32)


def _levelled(wave: np.ndarray) -> np.ndarray:
    return wave / (np.sqrt((wave**2).mean()) + 1e-9) * RMS


def _add_sleigh_bells_(wave: np.ndarray, part: Part, sample_rate: int) -> None:
    jingle = _jingle(sample_rate)
    for stroke in part.strokes:
        start = round(stroke.start_s * sample_rate)
        piece = jingle[: max(0, len(wave) - start)]
        wave[start : start + len(piece)] += (stroke.velocity / 127) ** 2 * piece


def _jingle(sample_rate: int) -> np.ndarray:
    """One shake: many small inharmonic bells, their strokes spread over some 30 ms."""
    rng = np.random.default_rng(25)
    t = np.arange(round(0.35 * sample_rate)) / sample_rate
    sound = np.zeros_like(t)
    for _ in range(24):
        since_s = t - rng.uniform(0, 0.03)
        frequency_hz = rng.uniform(2800, 7600)
        decay_s = rng.uniform(0.03, 0.12)
        bell = np.exp(-since_s / decay_s) * np.sin(2 * np.pi * frequency_hz * since_s)
        sound += np.where(since_s > 0, bell, 0) * rng.uniform(0.3, 1)
    return (sound / np.abs(sound).max()).astype(np.float32)
