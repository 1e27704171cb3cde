"""Spectrograms of natural-log mel: seconds against Hz, coloured by level in dB.

Either (F, n_mels) to 8 kHz, or (F, n_bands), with the treble, to 20 kHz: (F, M) below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from kcarol.audio.full_band import treble_edges_hz
from kcarol.audio.log_mel import mel_filters
from kcarol.config import AudioConfig
from kcarol.notebook.figures.picture import SKY, Picture, draw_matrix, set_title

TICKS_HZ = (125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
FEW_TICKS_HZ = (250, 1_000, 4_000, 16_000)  # where rows are low
MAX_HIGH_ROWS = 3
RANGE_DB = 80.0  # below the loudest; anything softer is black
MAX_COLUMNS = 4_000  # of a picture; longer songs keep the loudest of neighbouring frames
CFG = AudioConfig()
HIGHEST_HZ = {CFG.n_mels: CFG.f_max_hz, CFG.n_bands: CFG.treble_max_hz}  # by number of bands
DB_PER_NEPER = 20 / np.log(10)  # natural log of magnitude -> dB


def spectrograms(log_mels: Mapping[str, np.ndarray], tune: np.ndarray | None = None) -> Picture:
    """Log-mels (F, M) by title, one above the other, on one time axis and one colour scale.

    tune: MIDI pitch (F,) of the melody where it is known, below 0 in rests; drawn into all.
    ValueError without log-mels, or for other shapes.
    """
    levels = {title: levels_db(log_mel) for title, log_mel in log_mels.items()}
    if not levels:
        raise ValueError("expected at least one log-mel, found none")
    seconds = {title: len(log_mel) / CFG.frame_rate for title, log_mel in log_mels.items()}
    top_db = max(level.max() for level in levels.values())
    high = len(levels) <= MAX_HIGH_ROWS
    parts = [
        f"{title or 'sound'} ({len(log_mel)} frames, {seconds[title]:.1f} s)"
        for title, log_mel in log_mels.items()
    ]
    figure = Picture(
        f"log-mel of {', '.join(parts)}: {_range_of(levels.values())}",
        (11, 0.8 + (2.6 if high else 1.6) * len(levels)),
    )
    rows = figure.subplots(len(levels), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (title, level) in zip(rows, levels.items(), strict=True):
        image = draw_levels(axes, level, seconds[title], top_db, TICKS_HZ if high else FEW_TICKS_HZ)
        axes.set(ylabel="frequency, Hz", xlim=(0, max(seconds.values())))
        set_title(axes, title)
        if tune is not None:
            draw_tune(axes, tune, "sung", color=SKY, linewidth=1.5)
    rows[-1].set_xlabel("time, s")
    figure.colorbar(image, ax=list(rows), label="level, dB", pad=0.01)
    return figure


def thumbnail(log_mel: np.ndarray, top_db: float, title: str = "") -> Picture:
    """A small spectrogram (F, M); `top_db`: level of the brightest colour, shared by a row."""
    seconds = len(log_mel) / CFG.frame_rate
    figure = Picture(f"log-mel of {title or 'sound'}, {seconds:.1f} s", (4.2, 2.2))
    axes = figure.subplots()
    draw_levels(axes, levels_db(log_mel), seconds, top_db, FEW_TICKS_HZ)
    axes.set_xlabel("time, s", fontsize=12)  # large, as it is shown at two thirds of its size
    axes.set_ylabel("Hz", fontsize=12)
    axes.tick_params(labelsize=11)
    return figure


def levels_db(log_mel: np.ndarray) -> np.ndarray:
    """(F, M) natural log -> (at most MAX_COLUMNS, M) in dB."""
    log_mel = np.asarray(log_mel, dtype=np.float32)
    if log_mel.ndim != 2 or log_mel.shape[1] not in HIGHEST_HZ or not len(log_mel):
        sizes = " or ".join(f"(F, {n})" for n in HIGHEST_HZ)
        raise ValueError(f"expected log-mel {sizes} with F >= 1, found shape {log_mel.shape}")
    frames_per_column = -(-len(log_mel) // MAX_COLUMNS)
    starts = np.arange(0, len(log_mel), frames_per_column)
    return DB_PER_NEPER * np.maximum.reduceat(log_mel, starts, axis=0)


def draw_levels(
    axes: Axes,
    levels: np.ndarray,
    seconds: float,
    top_db: float,
    ticks_hz: Sequence[int] = TICKS_HZ,
    cmap: str = "magma",
) -> AxesImage:
    """Levels in dB (F, M) with a frequency axis."""
    n_bands = levels.shape[1]
    extent = (0, seconds, -0.5, n_bands - 0.5)
    image = draw_matrix(axes, levels, extent, cmap, vmin=top_db - RANGE_DB, vmax=top_db)
    centres = centres_hz()
    ticks = [hz for hz in ticks_hz if centres[0] <= hz <= HIGHEST_HZ[n_bands]]
    axes.set_yticks(band_of(ticks), [f"{hz:,}" for hz in ticks])
    return image


def centres_hz() -> np.ndarray:
    """Centres (n_bands,), Hz: of a mel band the mean of its filter over frequency."""
    filters = mel_filters(CFG).numpy()  # (n_fft // 2 + 1, M)
    mel = np.linspace(0, CFG.sample_rate / 2, len(filters)) @ filters / filters.sum(axis=0)
    edges = treble_edges_hz(CFG).numpy()
    return np.concatenate([mel, np.sqrt(edges[:-1] * edges[1:])])


def band_of(hz: Sequence[float]) -> np.ndarray:
    """Where frequencies lie on the axis of bands, 0 to n_bands - 1."""
    return np.interp(hz, centres_hz(), np.arange(CFG.n_bands))


def _range_of(levels: Iterable[np.ndarray]) -> str:
    n_bands = max(level.shape[1] for level in levels)
    return f"{n_bands} bands, {CFG.f_min_hz:.0f} to {HIGHEST_HZ[n_bands]:.0f} Hz"


def tune_notes(tune: np.ndarray) -> list[tuple[int, int, int]]:
    """(first frame, frame after the last, MIDI pitch) of each note in a melody (F,)."""
    tune = np.asarray(tune)
    edges = [0, *(np.flatnonzero(np.diff(tune)) + 1).tolist(), len(tune)]
    spans = zip(edges[:-1], edges[1:], strict=True)
    return [(start, stop, int(tune[start])) for start, stop in spans if tune[start] >= 0]


def draw_tune(axes: Axes, tune: np.ndarray, label: str, **look) -> None:
    """A melody (F,) in MIDI pitch over a spectrogram, a line for each note."""
    starts, stops, pitches = np.array(tune_notes(tune)).reshape(-1, 3).T
    bands = band_of(440 * 2 ** ((pitches - 69) / 12))
    label = label if len(starts) else f"{label}: none"
    axes.hlines(bands, starts / CFG.frame_rate, stops / CFG.frame_rate, label=label, **look)
