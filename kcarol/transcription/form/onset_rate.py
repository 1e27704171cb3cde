"""How busy a record is: onsets a second of all that sounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.features import flux_filters
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import amplitude_window, level_db, power, stft_blocks
from kcarol.config import AudioConfig

HOPS = 2  # frames of the song a frame of the detector: 32 ms
PIECE_FRAMES = 1_875  # of the detector, at once: a minute
RANGE_DB = 80.0  # below the loudest band: softer sound has no onsets
REACH_FRAMES = 3  # on either side, over whose mean an onset rises by
LEAST_RISE = 0.07  # of the strongest onset's rise
WINDOW_S = 1.0  # Hann, over which onsets are counted
MOST_ONSETS_PER_S = 100.0  # no detector finds more
STRUCK = 0.5  # probability from which on the groove strikes


def onset_rate(song: np.ndarray | DiskBuffer, audio: AudioConfig) -> np.ndarray:
    """A song (T,) -> onsets a second around each frame (F,) float32."""
    times_s = HOPS / audio.frame_rate * np.flatnonzero(is_onset(onset_strength(song, audio)))
    return rate_of(times_s, audio.n_frames(len(song)), audio)


def rate_of(times_s: np.ndarray, n_frames: int, audio: AudioConfig) -> np.ndarray:
    """Times of onsets (n,) -> onsets a second (F,) float32, each spread over WINDOW_S."""
    at = np.round(times_s * audio.frame_rate).astype(int).clip(0, n_frames - 1)
    counts = np.bincount(at, minlength=n_frames)
    window = np.hanning(round(WINDOW_S * audio.frame_rate) + 2)
    spread = np.convolve(counts, window * (audio.frame_rate / window.sum()))
    first = len(window) // 2
    return spread[first : first + n_frames].round(2).astype(np.float32)


def rate_of_strokes(strokes: np.ndarray, audio: AudioConfig) -> np.ndarray:
    """Where the record is not known: strokes (F,) of a groove, as probabilities -> (F,) float32."""
    return rate_of(np.flatnonzero(strokes > STRUCK) / audio.frame_rate, len(strokes), audio)


def onset_strength(song: np.ndarray | DiskBuffer, audio: AudioConfig) -> np.ndarray:
    """(T,) -> (K,): mean rise in dB of 128 mel bands since the frame before.

    As `librosa.onset.onset_strength` with its defaults (Böck and Widmer, "Maximum filter vibrato
    suppression for onset detection", DAFx 2013, without the filter).
    """
    cfg = replace(
        audio, hop_length=HOPS * audio.hop_length, flux_n_fft=audio.n_fft, n_flux=audio.n_mels
    )
    hop, n_frames = cfg.hop_length, cfg.n_frames(len(song))
    window, filters = amplitude_window(cfg.flux_n_fft), flux_filters(cfg)
    reach = -(-cfg.flux_n_fft // (2 * hop))  # frames that a window reaches to either side

    def levels_of(first: int) -> Tensor:
        last = min(first + PIECE_FRAMES, n_frames)
        begin = max(0, first - reach - 1)
        wave = torch.from_numpy(song[begin * hop : (last + reach) * hop])
        blocks = stft_blocks(wave[None], window, hop)
        levels = torch.cat([level_db(power(block[0]) @ filters) for block in blocks])
        return levels[max(0, first - 1) - begin : last - begin]

    pieces = list(parallel_map(levels_of, range(0, n_frames, PIECE_FRAMES)))
    floor_db = max(float(piece.max()) for piece in pieces) - RANGE_DB
    rises = [piece.clamp_min(floor_db).diff(dim=0).relu().mean(1) for piece in pieces]
    return np.concatenate([[0.0], torch.cat(rises).numpy()])


def is_onset(strength: np.ndarray) -> np.ndarray:
    """(K,) -> (K,) bool: local maxima that rise above the mean around them."""
    if not strength.any():
        return np.zeros(len(strength), bool)
    scaled = strength / strength.max()
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(scaled, REACH_FRAMES, mode="reflect"), 2 * REACH_FRAMES + 1
    )
    return scaled >= around.mean(1) + LEAST_RISE
