"""Renders the rows of carols from which the playing half learns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.played_notes import notes_of
from kcarol.arrangement.styles import STYLES
from kcarol.audio.full_band import RESAMPLING, FullBandMel, middle_and_side
from kcarol.config import AudioConfig
from kcarol.corpus.carol.band import draw_band
from kcarol.corpus.dataset.rendering import build_files, numbered
from kcarol.corpus.draws import pick
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.corpus.lead_sheet.tempo_curves import draw_grid
from kcarol.dataset.carols import SUFFIX, CarolRows, save_carols
from kcarol.dataset.shards import ROW_FRAMES
from kcarol.model.note_bank import RING_FRAMES
from kcarol.synthesis.carol import render_carol
from kcarol.transcription.form.bar_shapes import as_composed
from kcarol.transcription.lead_sheet import Part

N_ROWS = 2  # of a carol, one after the other
AS_WRITTEN = 0.5  # share of carols that are played as arranged


def make_carols(seed: int, cfg: AudioConfig | None = None, held_out: bool = False) -> CarolRows:
    """N_ROWS rows of one drawn carol, by an arranger's players or by a drawn band."""
    cfg = cfg or AudioConfig()
    rng = np.random.default_rng(seed)
    length_s = (N_ROWS * ROW_FRAMES + 1) / cfg.frame_rate
    sheet = as_composed(draw_sheet(rng, length_s + 2, validation=held_out))
    grid = draw_grid(sheet, rng)
    parts: list[Part] = list(arrange_carol(sheet, grid, pick(rng, list(STYLES.values()))))
    if rng.random() >= AS_WRITTEN:
        parts = draw_band(parts, length_s, rng)
    return _rows(parts, render_carol(parts, length_s, cfg.full_rate), cfg)


def _rows(parts: list[Part], carol: np.ndarray, cfg: AudioConfig) -> CarolRows:
    stereo = torch.from_numpy(carol)
    full_band = FullBandMel(cfg)
    log_mel = full_band(stereo)
    waves = _at_sample_rate(stereo, cfg)
    notes = notes_of(parts, cfg.frame_rate)
    firsts = [row * ROW_FRAMES for row in range(N_ROWS)]
    n_samples = ROW_FRAMES * cfg.hop_length
    return CarolRows(
        [notes.window(first, first + ROW_FRAMES + 1, RING_FRAMES) for first in firsts],
        torch.stack([log_mel[first : first + ROW_FRAMES + 1].half() for first in firsts]),
        torch.stack([waves[:, row * n_samples :][:, :n_samples] for row in range(N_ROWS)]),
    )


def _at_sample_rate(stereo: Tensor, cfg: AudioConfig) -> Tensor:
    """(2, T48) -> (2, T16) int16, middle and side."""
    import soxr

    channels = middle_and_side(stereo).T.numpy()
    low = soxr.resample(channels, cfg.full_rate, cfg.sample_rate, RESAMPLING)
    return torch.from_numpy(np.round(low.T.clip(-1, 1) * 32767).astype(np.int16))


def build_carols(
    out: Path,
    hours: float,
    seed: int,
    jobs: int,
    cfg: AudioConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
    held_out: bool = False,
) -> tuple[int, float]:
    """Renders carols until `out` holds `hours` hours, see `build_files`.

    Returns (rows rendered, seconds taken).
    """
    cfg = cfg or AudioConfig()
    make = functools.partial(make_carols, cfg=cfg, held_out=held_out)
    paths = numbered(out, SUFFIX, hours, seed, N_ROWS, cfg)
    n_carols, seconds = build_files(paths, make, save_carols, jobs, progress)
    return N_ROWS * n_carols, seconds
