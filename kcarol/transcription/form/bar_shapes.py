"""How loud and how busy each bar of a record is, beside its lead sheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig, DecodingConfig
from kcarol.transcription.form.onset_rate import onset_rate
from kcarol.transcription.lead_sheet import BarShape, LeadSheet, TimeGrid
from kcarol.transcription.song_level import LOUD_PERCENTILE, SOFTEST_DB, measure_level

DB_PER_ENERGY = 15.0  # by which records of lead sheets become louder with a section's energy


def with_bars(
    sheet: LeadSheet, grid: TimeGrid, loudness_db: np.ndarray, rate: np.ndarray, audio: AudioConfig
) -> LeadSheet:
    """A sheet with the bars of its record, of which momentary loudness and onset rate (F,) are
    known.
    """
    starts, lengths = bar_spans(sheet)
    edges_s = grid.time_s(np.append(starts, starts[-1] + lengths[-1]))
    frames = edges_s * audio.frame_rate
    level_db = 10 * np.log10(means_between(10 ** (loudness_db.astype(float) / 10), frames))
    rates = means_between(np.where(loudness_db > SOFTEST_DB, rate, 0), frames)
    return replace(sheet, bars=_bars(starts, lengths, level_db, rates))


def measured(
    sheet: LeadSheet, grid: TimeGrid, record: np.ndarray | DiskBuffer, audio: AudioConfig
) -> LeadSheet:
    """A sheet with the bars of its record (T,) mono."""
    level = measure_level(record, audio, DecodingConfig())
    return with_bars(sheet, grid, level.loudness_db, onset_rate(record, audio), audio)


def as_composed(sheet: LeadSheet) -> LeadSheet:
    """A sheet without a record: with bars as loud as its energies, struck as its grooves tell."""
    starts, lengths = bar_spans(sheet)
    energy = np.array([sheet.energy_at(start) for start in starts])
    loud = np.percentile(energy, LOUD_PERCENTILE)
    parts = sheet.part_starts()
    struck = parts[[sheet.is_accented(part) for part in parts.tolist()]]
    edges = np.append(starts, starts[-1] + lengths[-1])
    rates = np.histogram(struck, edges)[0] / lengths * (sheet.tempo_bpm / 60)
    return replace(sheet, bars=_bars(starts, lengths, DB_PER_ENERGY * (energy - loud), rates))


def bar_spans(sheet: LeadSheet) -> tuple[np.ndarray, np.ndarray]:
    """Beats (N,) at which bars begin, and their lengths (N,) in beats."""
    starts = sheet.bar_starts()
    return starts, np.diff(np.append(starts, sheet.n_beats))


def means_between(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means (N, ...) of values (F, ...), each of which holds for one frame, between edges (N + 1,)
    in frames, which need not be whole; of an empty span the value there.
    """
    flat = values.reshape(len(values), -1).astype(float)
    total = np.pad(flat.cumsum(0), ((1, 0), (0, 0)))
    edges = np.clip(edges, 0, len(flat))
    frame = edges.astype(int).clip(max=len(flat) - 1)
    sums = np.diff(total[frame] + (edges - frame)[:, None] * flat[frame], axis=0)
    lengths = np.diff(edges)[:, None]
    means = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), flat[frame[:-1]])
    return means.reshape(-1, *values.shape[1:])


def _bars(
    starts: np.ndarray, lengths: np.ndarray, level_db: np.ndarray, rates: np.ndarray
) -> tuple[BarShape, ...]:
    level_db = level_db.clip(min=SOFTEST_DB)
    columns = (starts, lengths, level_db.round(2), rates.round(2))
    return tuple(BarShape(*row) for row in zip(*(x.tolist() for x in columns), strict=True))
