"""Dynamics: the carol is soft where its song is soft, and a band's entry is an entry.

The arranger already moves the carol's loudness by who plays and how hard. What is missing to the
song's dynamics is added as a slow gain: the mean of the difference of both loudness curves over
some seconds, counted where the carol sounds. A mean around each moment would smear a jump over
seconds. So of the seconds before a moment and those after it the steadier ones count (Kuwahara et
al., "Processing of RI-angiocardiographic images", 1976): a slope stays a slope, a jump a jump.

What so slow a gain cannot follow is kept near the song by a quick one. Where the song fades or
stops, the carol's notes would ring on: they are turned down with it, no faster than a hall falls
silent. Where the tune rests and the song plays on, what lies under the tune comes forward.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.parallel import parallel_map
from kcarol.config import AudioConfig
from kcarol.transcription.song_level import SongLevel, momentary_loudness

FOLLOWED = 0.8  # share of the song's dynamics in dB: all of them leave soft places unheard
SIDE_S = 1.5  # before a moment, and after it
STEADY_DB2 = 1.0  # variance below which both sides are steady
SMOOTH_S = 0.2  # Hann: without clicks, and within the length of an attack
LEAST_GAIN_DB, MOST_GAIN_DB = -30.0, 9.0
LEAST_WEIGHT_DB = -40.0  # of pauses of the carol
MOST_OVER_DB = 2.0  # of the carol over what would ring on of the song
RINGING_DB_PER_S = 40.0  # by which that falls: 60 dB in 1.5 s, as in the hall
# how far the carol lies under the song, and what of that is given back: its own rests stay rests
UNDER_DB, LIFTED_DB = (2.0, 11.0, 20.0), (0.0, 9.0, 0.0)
APART_S = 0.15  # at most, between strokes of song and carol that are meant to be one
PIECE_FRAMES = 1024  # amplified at once


def follow_loudness_(
    carol: np.ndarray | DiskWave,
    level: SongLevel,
    sample_rate: int,
    audio: AudioConfig,
    stems: Sequence[np.ndarray | DiskWave] = (),
) -> None:
    """Give a carol (C, T) the dynamics and the fades of its song, in place. Its stems get the same
    gain.

    Of a song whose loudness over time is not known, only the fades.
    """
    gain_db, hop = level.fade_db.astype(float), sample_rate / audio.frame_rate
    if level.loudness_db.any():
        carol_db = momentary_loudness(frame_levels(carol, len(gain_db), hop))
        gain_db = gain_db + missing_gain(level.loudness_db, carol_db, audio.frame_rate)
    for wave in (carol, *stems):
        amplify_(wave, gain_db, hop)


def missing_gain(song_db: np.ndarray, carol_db: np.ndarray, frame_rate: float) -> np.ndarray:
    """Momentary loudness of song and carol (F,), each re its loud passages -> gain (F,) dB."""
    missing_db = FOLLOWED * song_db.astype(float) - carol_db
    weight = 10 ** (carol_db.clip(LEAST_WEIGHT_DB, 0) / 20)
    slow_db = steadier_mean(missing_db, weight, round(SIDE_S * frame_rate))
    slow_db = slow_db.clip(LEAST_GAIN_DB, MOST_GAIN_DB)
    gain_db = slow_db + correction(song_db, carol_db + slow_db, frame_rate)
    window = np.hanning(round(SMOOTH_S * frame_rate) + 2)
    padded = np.pad(gain_db, len(window) // 2, mode="edge")
    smooth = np.convolve(padded, window / window.sum(), "valid")[: len(gain_db)]
    return smooth.clip(max=MOST_GAIN_DB)


def correction(song_db: np.ndarray, heard_db: np.ndarray, frame_rate: float) -> np.ndarray:
    """Loudness of a song and of its carol as amplified so far (F,) -> gain (F,) dB that keeps the
    carol near the song.
    """
    reach = round(APART_S * frame_rate)
    around = sliding_window_view(np.pad(song_db, reach, mode="edge"), 2 * reach + 1)
    lifted_db = np.interp(around.min(1) - heard_db, UNDER_DB, LIFTED_DB)
    over_db = heard_db - ringing(song_db, frame_rate)
    return lifted_db - (over_db - MOST_OVER_DB).clip(0)


def ringing(level_db: np.ndarray, frame_rate: float) -> np.ndarray:
    """(F,) -> (F,) dB: the same, falling by at most RINGING_DB_PER_S."""
    fallen_db = RINGING_DB_PER_S / frame_rate * np.arange(len(level_db))
    return np.maximum.accumulate(level_db + fallen_db) - fallen_db


def steadier_mean(values: np.ndarray, weight: np.ndarray, n: int) -> np.ndarray:
    """(F,) -> (F,): weighted mean of the `n` values up to each, or of those from it on, whichever
    vary less; of both where they vary alike.
    """
    padded = np.pad(values, n, mode="symmetric")
    weights = np.pad(weight, n, mode="symmetric")
    sums = np.cumsum(weights * np.stack([np.ones_like(padded), padded, padded**2]), axis=1)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    total, first, second = sums[:, n:] - sums[:, :-n]  # of the n values from each place on
    mean = first / total
    certainty = (second / total - mean**2 + STEADY_DB2) ** -2.0
    before, after = slice(1, len(values) + 1), slice(n, n + len(values))
    share = certainty[before] / (certainty[before] + certainty[after])
    return share * mean[before] + (1 - share) * mean[after]


def frame_levels(wave: np.ndarray | DiskWave, n_frames: int, hop: float) -> np.ndarray:
    """(C, T) -> (F,): mean square of the `hop` samples around each frame, summed over channels, dB
    re full scale.
    """
    edges = np.round((np.arange(n_frames + 1) - 0.5) * hop).astype(int)
    edges = np.append(edges[:-1], wave.shape[-1]).clip(0, wave.shape[-1])

    def energies(start: int) -> np.ndarray:
        part = edges[start : start + PIECE_FRAMES + 1]
        piece = wave[..., part[0] : part[-1]]
        energy = np.append(np.einsum("ct,ct->t", piece, piece, dtype=np.float64), 0.0)
        return np.add.reduceat(energy, part[:-1] - part[0]) * (np.diff(part) > 0)

    pieces = parallel_map(energies, range(0, n_frames, PIECE_FRAMES))
    powers = np.concatenate(list(pieces)) / np.diff(edges).clip(min=1)
    return 10 * np.log10(powers.clip(1e-12))


def amplify_(wave: np.ndarray | DiskWave, gain_db: np.ndarray, hop: float) -> None:
    """Amplify (C, T) by a gain (F,) that changes in a straight line from frame to frame, in place.

    hop: samples a frame, also a fraction.
    """
    gain = 10 ** (gain_db / 20)
    size = round(PIECE_FRAMES * hop)

    def amplified(start: int) -> np.ndarray:
        piece = wave[..., start : start + size]
        places = np.arange(start, start + piece.shape[-1]) / hop
        return piece * np.interp(places, np.arange(len(gain)), gain).astype(np.float32)

    starts = range(0, wave.shape[-1], size)
    for start, piece in zip(starts, parallel_map(amplified, starts), strict=True):
        wave[..., start : start + size] = piece
