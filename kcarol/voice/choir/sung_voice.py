"""A whole song's voice, ready to be sung again at other pitches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.voice.choir.frames import (
    FRAME_S,
    HOP,
    MEL_HZ,
    N_POINTS,
    N_VALUES,
    Frames,
    analyse,
    power_of,
)
from kcarol.voice.choir.runs import runs, without_short_gaps, without_short_runs

Voice = np.ndarray | DiskBuffer  # (T,) at SAMPLE_RATE, in song time

PIECE_FRAMES = round(20 / FRAME_S)  # analysed at once
CONTEXT_FRAMES = round(0.5 / FRAME_S)  # around a piece
LOUD_QUANTILE = 0.95  # of the frames' levels
SOFTEST_DB = 35.0  # below loud frames: softer ones are what leaked from the band
SILENT_DB = -75.0  # re full scale
CLICK_S = 0.08  # shorter sounds are not sung
REST_S = 1.2  # a shorter silence is a breath
UNSURE_S = 0.025  # for which a pitch may be lost within a vowel
VOWEL_HZ, SIBILANT_HZ = 1500.0, 3500.0  # a vowel is stronger below than a consonant above
VOWEL_DB = 10.0  # by which it is stronger there
SHADED = 0.7  # share of a frame's level, in dB, that the choir takes over
LOUDEST_DB = 4.0  # of a frame above those around it
AROUND_S = 3.0  # over which the voice's loudness is evened out


@dataclass(frozen=True)
class SungVoice:
    """A voice in F frames of FRAME_S, their values on disk: gone when closed."""

    values: DiskBuffer  # (F, N_VALUES), see `Frames`
    level_db: np.ndarray  # (F,) float32 of each frame, re the voice's loudness around it
    is_sung: np.ndarray  # (F,) bool
    is_voiced: np.ndarray  # (F,) bool: vowels, and consonants with a pitch
    pitch_hz: float  # the median

    @classmethod
    def hear(cls, voice: Voice, beside: Path | None = None) -> SungVoice:
        """`beside`: as of `DiskBuffer`. RenderError without WORLD."""
        n_frames = 1 + len(voice) // HOP
        values = DiskBuffer(n_frames, N_VALUES, beside)
        level_db, f0_hz = np.zeros((2, n_frames), np.float32)
        is_vowel = np.zeros(n_frames, bool)
        for start in range(0, n_frames, PIECE_FRAMES):
            frames = _analyse_piece(voice, start)
            span = slice(start, start + len(frames.f0_hz))
            values[span] = frames.values
            level_db[span] = _level_db(frames)
            f0_hz[span] = frames.f0_hz
            is_vowel[span] = _is_dark(frames)
        softest_db = max(SILENT_DB, float(np.quantile(level_db, LOUD_QUANTILE)) - SOFTEST_DB)
        is_sung = without_short_runs(level_db > softest_db, CLICK_S / FRAME_S)
        has_pitch = without_short_gaps(f0_hz > 0, UNSURE_S / FRAME_S)
        pitches_hz = f0_hz[is_sung & (f0_hz > 0)]
        return cls(
            values,
            level_db - _level_around_db(level_db, is_sung),
            is_sung,
            is_sung & (has_pitch | is_vowel),
            float(np.median(pitches_hz)) if len(pitches_hz) else 0.0,
        )

    def __enter__(self) -> SungVoice:
        return self

    def __exit__(self, *raised: object) -> None:
        self.values.__exit__()

    def amplitude(self, frames: np.ndarray) -> np.ndarray:
        """(N,) of frames (N,), re the voice's loudness around them; 0 where it is silent."""
        level_db = np.minimum(SHADED * self.level_db[frames], LOUDEST_DB)
        return np.where(self.is_sung[frames], 10 ** (level_db / 20), 0.0)

    def phrases_s(self) -> np.ndarray:
        """(N, 2) beginnings and ends, in seconds, of what is sung between two rests."""
        return FRAME_S * runs(without_short_gaps(self.is_sung, REST_S / FRAME_S))


def _analyse_piece(voice: Voice, start: int) -> Frames:
    """The frames of a piece, analysed with those around it."""
    first = max(0, start - CONTEXT_FRAMES)
    stop = start + PIECE_FRAMES + CONTEXT_FRAMES
    frames = analyse(voice[first * HOP : stop * HOP])
    return frames[start - first : start - first + PIECE_FRAMES]


def _level_db(frames: Frames) -> np.ndarray:
    """(F,) mean power of the spectrum, in dB."""
    return 10 * np.log10(power_of(frames.values).mean(axis=1))


def _is_dark(frames: Frames) -> np.ndarray:
    """(F,) whether the spectrum has most of its power low, where vowels have it."""
    points_hz, log_power = np.array(MEL_HZ), frames.values[:, :N_POINTS]
    low = log_power[:, points_hz < VOWEL_HZ].max(axis=1)
    high = log_power[:, points_hz > SIBILANT_HZ].max(axis=1)
    return low - high > VOWEL_DB * np.log(10) / 10


def _level_around_db(level_db: np.ndarray, is_sung: np.ndarray) -> np.ndarray:
    """(F,) mean power of the sung frames within half of AROUND_S, in dB."""
    width = round(AROUND_S / FRAME_S)
    power = _sums(np.where(is_sung, 10 ** (level_db / 10), 0.0), width)
    return 10 * np.log10(np.maximum(power, 1e-12) / np.maximum(_sums(is_sung, width), 1))


def _sums(values: np.ndarray, width: int) -> np.ndarray:
    """(F,) sums of (F,) over `width` frames around each."""
    totals = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    places = np.arange(len(values))
    ends = np.minimum(places + (width + 1) // 2, len(values))
    return totals[ends] - totals[np.maximum(places - width // 2, 0)]
