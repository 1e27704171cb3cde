"""Loudness of a song: as a whole and over time, and where it fades."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import SILENCE_RMS
from kcarol.audio.loudness import SILENT_DB, Loudness, loudness_curve, loudness_lufs, without_rumble
from kcarol.audio.spectrum import level_db
from kcarol.config import AudioConfig, DecodingConfig

PIECE_FRAMES = 10_240  # read at once: 2.7 minutes
EDGE_FRAMES = 16  # .25 s
REACH_FRAMES = 512  # 8 s, over which the filter of rumble decays
MOMENT_FRAMES = 25  # .4 s, as ITU-R BS.1770-4 measures momentary loudness
LOUD_PERCENTILE = 80  # of the momentary loudness where a song sounds: 0 dB
SOFTEST_DB, LOUDEST_DB = -60.0, 20.0  # of the momentary loudness
SOUNDING_DB = -50.0  # momentary loudness above which a song sounds
SHORTEST_FRAMES = 32  # .5 s of it: a click after the end is no music


@dataclass(frozen=True, eq=False)
class SongLevel:
    """Length and loudness of a song of T samples, F frames."""

    n_samples: int  # T
    loudness: Loudness
    fade_db: np.ndarray  # (F,) float32 dB <= 0, by which its carol is turned down
    loudness_db: np.ndarray  # (F,) float32 dB: momentary loudness re the loud passages'

    @classmethod
    def steady(cls, n_frames: int, audio: AudioConfig | None = None) -> SongLevel:
        """The level of a song without pauses, at the rms of carols in training."""
        audio = audio or AudioConfig()
        rms_db = 20 * float(np.log10(audio.reference_rms))
        return cls(
            (n_frames - 1) * audio.hop_length,
            Loudness(lufs=-np.inf, rms_db=rms_db),
            np.zeros(n_frames, np.float32),
            np.zeros(n_frames, np.float32),
        )


def measure_level(
    song: np.ndarray | DiskBuffer, audio: AudioConfig, cfg: DecodingConfig
) -> SongLevel:
    """Level of (T,) mono samples. Constants, rumble and dither alone are silence."""
    curve_db, rms_db = _measure_sound(song, audio)
    loudness = Loudness(lufs=-np.inf, rms_db=SILENT_DB)
    if _sounds(curve_db):
        loudness = Loudness(loudness_lufs(song, audio.sample_rate), rms_db)
    # silence of a soft song is as deep below it as that of a loud one
    relative_db = torch.where(curve_db > SILENT_DB, curve_db - rms_db, SILENT_DB)
    fade_db = _fade_db(relative_db, audio, cfg)
    return SongLevel(len(song), loudness, fade_db, momentary_loudness(curve_db.numpy()))


def momentary_loudness(curve_db: np.ndarray) -> np.ndarray:
    """(F,) dB re full scale -> (F,) float32 dB re the LOUD_PERCENTILE of what sounds, SOFTEST_DB
    before the first and after the last sound.
    """
    powers = np.pad(10 ** (curve_db.astype(float) / 10), MOMENT_FRAMES // 2, mode="edge")
    moment = np.ones(MOMENT_FRAMES) / MOMENT_FRAMES
    moment_db = 10 * np.log10(np.convolve(powers, moment, "valid").clip(1e-12))
    sounding = moment_db[moment_db > max(SILENT_DB, moment_db.max() + SOFTEST_DB)]
    loud_db = np.percentile(sounding, LOUD_PERCENTILE) if len(sounding) else 0.0
    loudness_db = (moment_db - loud_db).clip(SOFTEST_DB, LOUDEST_DB).round(2).astype(np.float32)
    first, stop = sounding_span(loudness_db)
    loudness_db[:first] = loudness_db[stop:] = SOFTEST_DB
    return loudness_db


def sounding_span(loudness_db: np.ndarray) -> tuple[int, int]:
    """First frame of (F,) that sounds, and the one after the last; all if none does for long."""
    edges = np.flatnonzero(np.diff(loudness_db > SOUNDING_DB, prepend=False, append=False))
    starts, stops = edges[::2], edges[1::2]
    lasts = stops - starts >= SHORTEST_FRAMES
    if not lasts.any():
        return 0, len(loudness_db)
    return int(starts[lasts][0]), int(stops[lasts][-1])


def _sounds(curve_db: Tensor) -> bool:
    """Whether there is sound in (F,) dB; of rumble something is left at both ends of a song."""
    inner = curve_db[EDGE_FRAMES:-EDGE_FRAMES]
    return bool((inner if len(inner) > 2 * EDGE_FRAMES else curve_db).max() > SILENT_DB)


def _fade_db(relative_db: Tensor, audio: AudioConfig, cfg: DecodingConfig) -> np.ndarray:
    """(F,) dB re the song's rms -> (F,) dB: 0 where it sounds, less the softer it is below
    `fade_below_db`.

    A fade begins `fade_release_s` late, so that the carol's notes ring out.
    """
    release = round(cfg.fade_release_s * audio.frame_rate)
    padded = functional.pad(relative_db[None], (release, 0), value=SILENT_DB)
    held_db = functional.max_pool1d(padded, release + 1, 1)[0]
    return (held_db - cfg.fade_below_db).clamp(max=0).numpy()


def _measure_sound(song: np.ndarray | DiskBuffer, audio: AudioConfig) -> tuple[Tensor, float]:
    """(T,) -> (F,) and as a whole, dB re full scale: rms without rumble, and less dither's power.

    Read piece by piece, with `REACH_FRAMES` on both sides.
    """
    n_frames, hop, reach = audio.n_frames(len(song)), audio.hop_length, REACH_FRAMES
    curves, energy = [], 0.0
    for start in range(0, n_frames, PIECE_FRAMES):
        stop = min(start + PIECE_FRAMES, n_frames)
        before = min(start, reach)
        wave = torch.from_numpy(song[(start - before) * hop : (stop + reach) * hop])
        wave = without_rumble(wave, audio.sample_rate)
        curves.append(loudness_curve(wave, hop)[before : before + stop - start])
        energy += float(wave[before * hop : (before + stop - start) * hop].square().sum())
    power = 10 ** (torch.cat(curves) / 10)
    return level_db(power - SILENCE_RMS**2), 10 * math.log10(max(energy / len(song), 1e-12))
