"""Labels of a song by its lead sheet and time grid."""

from __future__ import annotations

import numpy as np

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.pitches import tune_shift
from kcarol.dataset.labels import NO_NOTE, Labels
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note, Section, TimeGrid


def sheet_labels(sheet: LeadSheet, grid: TimeGrid, cfg: AudioConfig, n_frames: int) -> Labels:
    """Labels of `n_frames` frames."""

    def frames_of(beats: np.ndarray) -> np.ndarray:
        return np.round(grid.time_s(beats) * cfg.frame_rate).astype(int)

    def span(item: Note | Chord | Section) -> slice:
        edges_s = grid.time_s(item.start), grid.end_s(item.end)
        return slice(*(round(float(edge_s) * cfg.frame_rate) for edge_s in edges_s))

    def marks(beats: np.ndarray) -> np.ndarray:
        return _marks(frames_of(beats), n_frames)

    tune = np.full(n_frames, NO_NOTE, np.int16)
    for note in sheet.notes:
        tune[span(note)] = note.pitch
    chord = np.zeros((n_frames, 12), bool)
    bass = np.full(n_frames, NO_NOTE, np.int8)
    for c in sheet.chords:
        chord[span(c), list(c.pitch_classes)] = not c.silent
        bass[span(c)] = NO_NOTE if c.silent else c.bass_class
    energy = np.zeros(n_frames, np.float32)
    for section in sheet.sections:
        energy[span(section)] = sheet.energy_at(section.start)
    n_beats = len(grid.beat_times_s) - 1
    times_s = np.arange(n_frames) / cfg.frame_rate
    position = np.interp(times_s, grid.beat_times_s, np.arange(n_beats + 1))
    accented = [beat for beat in sheet.part_starts() if sheet.is_accented(beat)]
    return Labels(
        tune=tune,
        onset=marks(np.array([note.start for note in sheet.notes])),
        chord=chord,
        bass=bass,
        beat=marks(np.arange(n_beats)),
        downbeat=marks(sheet.bar_starts()),
        beat_position=(position % 1).astype(np.float32),
        bar_position=_bar_positions(sheet, position).astype(np.float32),
        accent=marks(np.array(accented)),
        energy=energy,
        tune_shift=tune_shift(sheet.notes),
    )


def _bar_positions(sheet: LeadSheet, beats: np.ndarray) -> np.ndarray:
    """Positions (F,) in the song, in beats -> in the bar, 0 to 1."""
    starts = sheet.bar_starts()
    lengths = [sheet.metre_at(start).beats_per_bar for start in starts]
    bar = np.searchsorted(starts, beats, side="right") - 1
    return (beats - starts[bar]) / np.array(lengths)[bar] % 1


def _marks(frames: np.ndarray, n_frames: int) -> np.ndarray:
    marks = np.zeros(n_frames, bool)
    marks[frames[(frames >= 0) & (frames < n_frames)]] = True
    return marks
