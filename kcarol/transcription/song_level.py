"""Loudness of a song: as a whole, and over time where it fades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.loudness import Loudness, loudness_curve, loudness_db, measure_loudness
from kcarol.config import AudioConfig, DecodingConfig

PIECE_FRAMES = 20_480  # read at once: 5.5 minutes
REACH_FRAMES = 2  # of the loudness curve's window
SILENT_DB = -120.0


@dataclass(frozen=True, eq=False)
class SongLevel:
    """Length and loudness of a song of T samples, F frames."""

    n_samples: int  # T
    loudness: Loudness
    fade_db: np.ndarray  # (F,) float32 dB <= 0, by which its carol is turned down

    @classmethod
    def steady(cls, n_frames: int, audio: AudioConfig | None = None) -> SongLevel:
        """The level of a song without pauses, at the rms of carols in training."""
        audio = audio or AudioConfig()
        rms_db = 20 * float(np.log10(audio.reference_rms))
        return cls(
            (n_frames - 1) * audio.hop_length,
            Loudness(lufs=-np.inf, rms_db=rms_db),
            np.zeros(n_frames, np.float32),
        )


def measure_level(
    song: np.ndarray | DiskBuffer, audio: AudioConfig, cfg: DecodingConfig
) -> SongLevel:
    """Level of (T,) mono samples."""
    return SongLevel(
        len(song), measure_loudness(song, audio.sample_rate), measure_fade_db(song, audio, cfg)
    )


def measure_fade_db(
    song: np.ndarray | DiskBuffer, audio: AudioConfig, cfg: DecodingConfig
) -> np.ndarray:
    """(T,) -> (F,) dB: 0 where the song sounds, less the softer it is below `fade_below_db`.

    A fade begins `fade_release_s` late, so that the carol's notes ring out.
    """
    level_db = torch.cat(list(_loudness_curve(song, audio))) - loudness_db(song)
    release = round(cfg.fade_release_s * audio.frame_rate)
    padded = functional.pad(level_db[None], (release, 0), value=SILENT_DB)
    held_db = functional.max_pool1d(padded, release + 1, 1)[0]
    return (held_db - cfg.fade_below_db).clamp(max=0).numpy()


def _loudness_curve(song: np.ndarray | DiskBuffer, audio: AudioConfig) -> Iterator[Tensor]:
    """Loudness in dB of (T,), piece by piece, F frames in all."""
    n_frames = audio.n_frames(len(song))
    hop = audio.hop_length
    for start in range(0, n_frames, PIECE_FRAMES):
        stop = min(start + PIECE_FRAMES, n_frames)
        before = min(start, REACH_FRAMES)
        piece = torch.from_numpy(song[(start - before) * hop : (stop + REACH_FRAMES) * hop])
        yield loudness_curve(piece, hop)[before : before + stop - start]
