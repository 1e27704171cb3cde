"""Labels of a song by its lead sheet and time grid."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol import energy_at, tune_shift
from kcarol.dataset.labels import NO_NOTE, Labels
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid


def sheet_labels(sheet: LeadSheet, grid: TimeGrid, cfg: AudioConfig, n_frames: int) -> Labels:
    frame = lambda beat: np.round(grid.time_s(beat) * cfg.frame_rate).astype(int)  # noqa: E731
    bar = sheet.beats_per_bar
    tune, onset = np.full(n_frames, NO_NOTE, np.int16), np.zeros(n_frames, bool)
    for note in sheet.notes:
        first, last = int(frame(note.start)), int(frame(note.start + note.length))
        tune[first:last] = note.pitch
        onset[first : first + 1] = True
    chord, bass, energy = (
        np.zeros((n_frames, 12), bool),
        np.full(n_frames, NO_NOTE, np.int8),
        np.zeros(n_frames, np.float32),
    )
    for c in sheet.chords:
        span = slice(int(frame(c.start)), int(frame(c.start + c.length)))
        chord[span, list(c.pitch_classes)] = not c.silent
        bass[span] = NO_NOTE if c.silent else c.bass_class
    for s in sheet.sections:
        energy[int(frame(s.start)) : int(frame(s.start + s.length))] = energy_at(sheet, s.start)
    beats = np.arange(len(grid.beat_times_s) - 1)
    position = np.interp(
        np.arange(n_frames) / cfg.frame_rate, grid.beat_times_s, np.arange(len(grid.beat_times_s))
    )
    eighths = np.arange(0, len(beats), 0.5)
    struck = eighths[[sheet.is_accented(eighth) for eighth in eighths]]
    return Labels(
        tune,
        onset,
        chord,
        bass,
        _marks(frame(beats), n_frames),
        _marks(frame(beats[::bar]), n_frames),
        (position % 1).astype(np.float32),
        (position % bar / bar).astype(np.float32),
        _marks(frame(struck), n_frames),
        energy,
        tune_shift(sheet.notes),
    )


def _marks(frames: np.ndarray, n_frames: int) -> np.ndarray:
    marks = np.zeros(n_frames, bool)
    marks[frames[(frames >= 0) & (frames < n_frames)]] = True
    return marks
