"""`Score`: a song as a musician writes it down, and what playing it in time needs beside that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kcarol.audio.loudness import Loudness
from kcarol.config import AudioConfig
from kcarol.transcription.lead_sheet import LeadSheet, TimeGrid
from kcarol.transcription.notation import lead_sheet_of
from kcarol.transcription.song_level import SongLevel
from kcarol.transcription.transcription import Transcription

RING_S = 4.0  # after the last beat of a score without a record
WRITTEN_LUFS = -16.0  # loudness of its carol


@dataclass(frozen=True, eq=False)
class Score:
    """A song's lead sheet, when its beats are, and how its record of F frames sounds."""

    sheet: LeadSheet
    grid: TimeGrid
    level: SongLevel
    tuning_cents: np.ndarray  # (F,) float32: how far the song lies above A4 = 440 Hz

    @classmethod
    def of_transcription(
        cls, transcription: Transcription, audio: AudioConfig | None = None, title: str = ""
    ) -> Score:
        """What was heard of a song, in time with it."""
        sheet, grid = lead_sheet_of(with_two_beats(transcription), audio, title)
        return cls(sheet, grid, transcription.level, transcription.tuning_cents)

    @classmethod
    def of_sheet(
        cls, sheet: LeadSheet, grid: TimeGrid | None = None, audio: AudioConfig | None = None
    ) -> Score:
        """A sheet without a record: steady, at its own tempo unless `grid` says otherwise."""
        audio, grid = audio or AudioConfig(), grid or TimeGrid.of(sheet)
        level = SongLevel.steady(1 + round((grid.length_s + RING_S) * audio.frame_rate), audio)
        loudness = Loudness(WRITTEN_LUFS, level.loudness.rms_db)
        in_tune = np.zeros(len(level.fade_db), np.float32)
        return cls(sheet, grid, replace(level, loudness=loudness), in_tune)


def with_two_beats(transcription: Transcription) -> Transcription:
    """The same, or of a song of less than two beats one whose second beat is its end."""
    if len(transcription.beats) >= 2:
        return transcription
    two = np.arange(2)
    return replace(
        transcription,
        beats=two * max(1, len(transcription) - 1),
        positions=two,
        metres=np.full(2, 4),
        divisions=np.full(2, 2),
    )
