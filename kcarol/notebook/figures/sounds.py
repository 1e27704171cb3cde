"""Inputs of the networks: waveforms, and the features of a song."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np

from kcarol.config import AudioConfig
from kcarol.notebook.figures.picture import BLUE, COLOURS, DASHES, Picture, draw_matrix, set_title

MAX_POINTS = 2_000  # of a drawn waveform: more columns than a picture has


def waveforms(
    waves: Mapping[str, np.ndarray], sample_rate: int = AudioConfig.sample_rate
) -> Picture:
    """Waves (T,) by title, one above the other: lowest to highest sample of each column."""
    if not waves or not all(len(wave) for wave in waves.values()):
        raise ValueError("expected at least one wave with samples, found none")
    parts = [
        f"{title} ({len(wave) / sample_rate:.1f} s, peak {np.abs(wave).max():.2f})"
        for title, wave in waves.items()
    ]
    figure = Picture(f"waveforms of {', '.join(parts)}", (11, 0.7 + 1.15 * len(waves)))
    rows = figure.subplots(len(waves), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, (title, wave) in zip(rows, waves.items(), strict=True):
        starts = np.arange(0, len(wave), max(1, -(-len(wave) // MAX_POINTS)))
        low, high = np.minimum.reduceat(wave, starts), np.maximum.reduceat(wave, starts)
        axes.fill_between(starts / sample_rate, low, high, color=BLUE, linewidth=0.4)
        set_title(axes, title, fontsize=10, loc="left")
        axes.grid(alpha=0.3)
    longest_s = max(map(len, waves.values())) / sample_rate
    rows[-1].set(xlabel="time, s", xlim=(0, longest_s), ylim=(-1.02, 1.02))
    figure.supylabel("amplitude, full scale = 1", fontsize=10)
    return figure


def level_curves(waves: Mapping[str, np.ndarray], step_s: float = 0.5) -> Picture:
    """The level of whole waves by title, (T,) at 16 kHz or (2, T) at 48 kHz, on one axis: does the
    carol breathe with its song?
    """
    if not waves:
        raise ValueError("expected at least one wave, found none")
    curves = {title: _levels_db(wave, step_s) for title, wave in waves.items()}
    ranges = [
        f"{title} ({np.ptp(np.percentile(x, (10, 95))):.0f} dB)" for title, x in curves.items()
    ]
    picture = Picture(
        f"levels of {', '.join(ranges)}, each from its 10th to 95th percentile", (11, 3)
    )
    axes = picture.subplots()
    for (title, level_db), colour, dash in zip(curves.items(), COLOURS, cycle(DASHES)):
        times_s = step_s * np.arange(len(level_db))
        axes.plot(times_s, level_db, dash, label=title, color=colour)
    axes.set(xlabel="time, s", ylabel="level, dB (0: full scale)", ylim=(-60, 0))
    axes.margins(x=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    return picture


def _levels_db(wave: np.ndarray, step_s: float) -> np.ndarray:
    """Level (N,) of each `step_s`, all channels together, dB re full scale."""
    rate = AudioConfig.sample_rate if wave.ndim == 1 else AudioConfig.full_rate
    size = round(step_s * rate)
    n_steps = max(1, wave.shape[-1] // size)
    blocks = np.atleast_2d(wave)[:, : n_steps * size].reshape(-1, n_steps, size)
    return 10 * np.log10(np.square(blocks).mean((0, 2)) + 1e-10)


def features(values: np.ndarray, title: str = "") -> Picture:
    """Features (F, C) as the converter reads them: whitened pitch bands, onset flux, loudness."""
    cfg, values = AudioConfig(), np.asarray(values)
    if values.ndim != 2 or values.shape[1] != cfg.n_features:
        raise ValueError(f"expected features (F, {cfg.n_features}), found shape {values.shape}")
    n_pitches, seconds = cfg.n_pitch_bands, len(values) / cfg.frame_rate
    figure = Picture(
        f"features of {title or 'sound'}: {len(values)} frames of {n_pitches} pitch bands, "
        f"{cfg.n_flux} flux bands and one loudness",
        (11, 6),
    )
    pitch, flux, loudness = figure.subplots(3, 1, sharex=True, height_ratios=(4, 1.2, 0.9))

    extent = (0, seconds, cfg.lowest_midi, cfg.highest_midi)
    image = draw_matrix(pitch, values[:, :n_pitches], extent, "cividis", vmin=-2, vmax=4)
    octaves = range(-(-cfg.lowest_midi // 12) * 12, cfg.highest_midi, 12)
    pitch.set_yticks(octaves, [f"C{midi // 12 - 1}" for midi in octaves])
    pitch.set(ylabel="pitch, note")
    set_title(pitch, title)
    figure.colorbar(image, ax=pitch, label="level, deviations", pad=0.01)

    extent = (0, seconds, 0.5, cfg.n_flux + 0.5)
    image = draw_matrix(flux, values[:, n_pitches:-1], extent, "cividis", vmin=0, vmax=3)
    flux.set(ylabel="flux, band", yticks=(1, cfg.n_flux))
    figure.colorbar(image, ax=flux, label="rise, no unit", pad=0.01)

    times = np.arange(len(values)) / cfg.frame_rate
    loudness.plot(times, 20 * values[:, -1], color=BLUE, linewidth=0.8)
    loudness.set(ylabel="level, dB", xlabel="time, s", xlim=(0, seconds))
    loudness.grid(alpha=0.3)
    return figure
