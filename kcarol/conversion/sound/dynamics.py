"""Dynamics: the carol is soft where its song is soft, and a band's entry is an entry.

The arranger already moves the carol's loudness by who plays and how hard. What is missing to the
song's dynamics is added as a slow gain: the mean of the difference of both loudness curves over
some seconds, counted where the carol sounds. A mean around each moment would smear a jump over
seconds. So of the seconds before a moment and those after it the steadier ones count (Kuwahara et
al., "Processing of RI-angiocardiographic images", 1976): a slope stays a slope, a jump a jump.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
    """Momentary loudness of song and carol (F,), each re its loud passages -> slow gain (F,) dB."""
    missing_db = FOLLOWED * song_db.astype(float) - carol_db
    weight = 10 ** (carol_db.clip(LEAST_WEIGHT_DB, 0) / 20)
    gain_db = steadier_mean(missing_db, weight, round(SIDE_S * frame_rate))
    window = np.hanning(round(SMOOTH_S * frame_rate) + 2)
    padded = np.pad(gain_db, len(window) // 2, mode="edge")
    smooth = np.convolve(padded, window / window.sum(), "valid")[: len(gain_db)]
    return smooth.clip(LEAST_GAIN_DB, MOST_GAIN_DB)


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
