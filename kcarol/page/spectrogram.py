"""Spectrograms as small pictures, several on one colour scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import soxr
from PIL import Image

from kcarol.audio.files import atomic_write
from kcarol.audio.full_band import FullBandMel
from kcarol.audio.loudness import Wave
from kcarol.config import AudioConfig

PIECE_S = 20.0  # of a wave in memory at once
MOST_COLUMNS = 1200  # of a picture; of longer sounds the loudest of neighbouring frames
RANGE_DB = 80.0  # below the loudest; what is softer is black
DB_PER_NEPER = 20 / math.log(10)
SILENT_DB = DB_PER_NEPER * math.log(AudioConfig.log_floor) + RANGE_DB  # nothing of it is bright
N_COLOURS = 64
# red, green, blue at equal distances in level: lightness rises evenly, for the colour-blind too
COLOURS = (
    (8, 6, 24),
    (64, 20, 110),
    (142, 40, 128),
    (218, 70, 104),
    (252, 148, 100),
    (252, 250, 196),
)


def levels_db(wave: Wave, rate: int) -> np.ndarray:
    """(C, T), C one or two -> (at most about MOST_COLUMNS, n_bands): dB of the middle to 20 kHz."""
    cfg = AudioConfig()
    n_frames = wave.shape[-1] / rate * cfg.frame_rate
    per_column = max(1, math.ceil(n_frames / MOST_COLUMNS))
    columns_s = per_column / cfg.frame_rate
    step = max(1, round(PIECE_S / columns_s)) * round(columns_s * rate)
    starts = range(0, max(1, wave.shape[-1] - step // 8), step)  # no last piece of a few samples
    ends = [*starts[1:], wave.shape[-1]]
    pieces = (wave[..., start:end] for start, end in zip(starts, ends, strict=True))
    return np.concatenate([_columns(_bands(piece, rate), per_column) for piece in pieces])


def _bands(wave: np.ndarray, rate: int) -> np.ndarray:
    """(C, t) -> (f, n_bands), of at least a frame."""
    cfg = AudioConfig()
    both = np.broadcast_to(wave, (2, wave.shape[-1]))
    full = soxr.resample(both.T, rate, cfg.full_rate).T
    short = max(0, cfg.full_hop - full.shape[-1])
    return FullBandMel(cfg)(np.pad(full, ((0, 0), (0, short))))[:, 0].numpy()


def _columns(bands: np.ndarray, per_column: int) -> np.ndarray:
    starts = np.arange(0, max(1, len(bands) - 1), per_column)  # the last frame ends the piece
    return DB_PER_NEPER * np.maximum.reduceat(bands, starts, axis=0)


def save_picture(path: Path, levels: np.ndarray, top_db: float) -> tuple[int, int]:
    """Levels (columns, bands) as a PNG, treble up, the brightest at `top_db`: width and height."""
    shares = ((levels - top_db) / RANGE_DB + 1).clip(0, 1)
    image = Image.fromarray((shares.T[::-1] * (N_COLOURS - 1)).round().astype(np.uint8), mode="P")
    image.putpalette(_palette())
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)
    return image.size


@cache
def _palette() -> Sequence[int]:
    places = np.linspace(0, len(COLOURS) - 1, N_COLOURS)
    columns = np.array(COLOURS).T
    shades = [np.interp(places, np.arange(len(COLOURS)), column) for column in columns]
    return np.stack(shades, axis=1).round().astype(int).ravel().tolist()
