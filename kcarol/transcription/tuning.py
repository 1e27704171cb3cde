"""How far a song lies above A4 = 440 Hz, and how that changes over time.

Partials vote with their distance from the nearest semitone, as an angle: a semitone is a full turn.
The likeliest path of angles is the tuning. It has no jump at 50 cents, and no more of a drift than
the votes demand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import soxr
import torch

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import amplitude_window, power, stft_blocks
from kcarol.config import AudioConfig

RATE_HZ = 4_000  # the song is resampled to this
N_FFT = 1024  # samples: 3.9 Hz a bin
HOP_LENGTH = 320  # samples: 80 ms, less than half a period of any vibrato
BLOCK_FRAMES = 6  # whose mean power is searched for partials: two periods of a slow vibrato
PIECE_BLOCKS = 125  # at once: a minute
LOWEST_HZ, HIGHEST_HZ = 200.0, 1500.0
BIN_HZ = RATE_HZ / N_FFT
FIRST_BIN, LAST_BIN = round(LOWEST_HZ / BIN_HZ), round(HIGHEST_HZ / BIN_HZ)
SOFTEST_PARTIAL = 3e-3  # power, re the block's strongest bin
SILENCE = 1e-8  # power of a block's strongest bin: below there are no partials
EDGE = 0.03  # a partial ends where the power falls below this share of its peak
REACH_CENTS = 300  # a partial that is wider on either side is noise

STEP_CENTS = 2
ANGLES = np.arange(0, 100, STEP_CENTS) * (2 * np.pi / 100)
MOVE_COST = 1.0  # votes that a change of a cent from one block to the next costs
JUMP_COST = 60.0  # votes that any change costs at most
IN_TUNE_CENTS = 6.0  # a song that never is further off counts as in tune
# power of the sum of agreeing votes, re that of random ones: noise reaches 3, a lone voice 5.5
MIN_AGREEMENT = 4.5


def estimate_tuning(song: np.ndarray | DiskBuffer, audio: AudioConfig | None = None) -> np.ndarray:
    """A song (T,) -> cents above A440 in each frame (F,) float32; zeros if it is in tune.

    The mean lies within 50 cents of 0.
    """
    audio = audio or AudioConfig()
    block_samples = BLOCK_FRAMES * HOP_LENGTH * audio.sample_rate // RATE_HZ
    starts = range(0, len(song), PIECE_BLOCKS * block_samples)
    pieces = parallel_map(
        lambda start: semitone_votes(song[start : start + PIECE_BLOCKS * block_samples], audio),
        starts,
    )
    votes, random_power = map(np.concatenate, zip(*pieces, strict=True))
    path = likeliest_path(votes)
    agreeing = (votes * np.exp(-2j * np.pi * path / 100)).real.sum()
    is_certain = agreeing**2 > MIN_AGREEMENT * random_power.sum()
    if not is_certain or np.abs(path).max() <= IN_TUNE_CENTS:
        path = np.zeros(1)
    centres = (np.arange(len(path)) + 0.5) * (block_samples / audio.hop_length)
    frames = np.arange(audio.n_frames(len(song)))
    return np.interp(frames, centres, path).astype(np.float32)


def semitone_votes(wave: np.ndarray, audio: AudioConfig) -> tuple[np.ndarray, np.ndarray]:
    """(T,) -> of each block the sum of its partials' votes, whose angle is the tuning, complex
    (blocks,); and the power that this sum would have if votes were random, (blocks,).
    """
    frames = partial_spectra(wave, audio, HOP_LENGTH)
    n_blocks = max(1, len(frames) // BLOCK_FRAMES)
    blocks = frames[: n_blocks * BLOCK_FRAMES].reshape(n_blocks, -1, frames.shape[1]).mean(1)
    found = find_partials(blocks)
    votes = found.weight * np.exp(2j * np.pi * 12 * np.log2(found.hz / 440))
    real, imaginary, random_power = (
        np.bincount(found.spectrum, weights, n_blocks)
        for weights in (votes.real, votes.imag, found.weight**2)
    )
    return real + 1j * imaginary, random_power


def partial_spectra(wave: np.ndarray, audio: AudioConfig, hop_length: int) -> np.ndarray:
    """(T,) -> power (frames, bins) from FIRST_BIN to LAST_BIN, every `hop_length` at RATE_HZ."""
    slow = torch.from_numpy(soxr.resample(wave, audio.sample_rate, RATE_HZ, "LQ"))[None]
    spectra = stft_blocks(slow, amplitude_window(N_FFT), hop_length)
    return torch.cat([power(x[0, :, FIRST_BIN:LAST_BIN]) for x in spectra]).numpy()


class Partials(NamedTuple):
    """Partials of several spectra, each (n,)."""

    spectrum: np.ndarray  # whose it is
    hz: np.ndarray
    weight: np.ndarray  # at most about 1: the strongest counts little more than the others
    width_hz: np.ndarray


def find_partials(spectra: np.ndarray) -> Partials:
    """Of powers (spectra, bins) from FIRST_BIN on.

    A partial is a hump of the spectrum, from edge to edge, and its frequency the centre of that
    hump: a vibrato's is the note, whose extremes, where it dwells, would be peaks of their own.
    """
    strongest = spectra.max(1)
    inner = spectra[:, 1:-1]
    loud = inner > np.maximum(SOFTEST_PARTIAL * strongest, SILENCE)[:, None]
    spectrum, peak = np.nonzero((inner > spectra[:, :-2]) & (inner >= spectra[:, 2:]) & loud)
    peak += 1
    widest = (FIRST_BIN + peak) * (2 ** (REACH_CENTS / 1200) - 1)
    reach = int(LAST_BIN * (2 ** (REACH_CENTS / 1200) - 1)) + 1
    offsets = np.arange(-reach, reach + 1, dtype=np.float32)
    padded = np.pad(spectra, ((0, 0), (reach, reach)))
    around = padded[spectrum[:, None], peak[:, None] + np.arange(2 * reach + 1)]  # (peaks, bins)
    height = around[:, reach]
    above = around > EDGE * height[:, None]
    right = np.logical_and.accumulate(above[:, reach:], axis=1)
    left = np.logical_and.accumulate(above[:, reach::-1], axis=1)
    hump = around * np.concatenate([left[:, :0:-1], right], axis=1)
    is_partial = hump.max(1) <= height  # else it belongs to the hump of a higher peak
    is_partial &= np.maximum(left.sum(1), right.sum(1)) <= widest
    total = hump.sum(1)
    hz = (FIRST_BIN + peak + hump @ offsets / total) * BIN_HZ
    weight = (total / strongest[spectrum]) ** 0.25
    width_hz = (left.sum(1) + right.sum(1) - 1) * BIN_HZ
    found = Partials(spectrum, hz, weight, width_hz)
    return Partials(*(values[is_partial] for values in found))


def likeliest_path(votes: np.ndarray) -> np.ndarray:
    """Votes (blocks,) -> cents (blocks,), by Viterbi; a path of mean nearest to 0."""
    support = (votes[:, None] * np.exp(-1j * ANGLES)).real
    steps = np.abs(np.subtract.outer(np.arange(len(ANGLES)), np.arange(len(ANGLES))))
    cents = STEP_CENTS * np.minimum(steps, len(ANGLES) - steps)
    cost = np.minimum(MOVE_COST * cents, JUMP_COST)  # (to, from)
    came_from = np.empty(support.shape, np.int8)
    total = np.zeros(len(ANGLES))
    for i, here in enumerate(support):
        arriving = total - cost
        came_from[i] = arriving.argmax(1)
        total = here + arriving.max(1)
    path = np.empty(len(votes), int)
    path[-1] = total.argmax()
    for i in range(len(votes) - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    unwrapped = np.unwrap(path * float(STEP_CENTS), period=100)
    return unwrapped - 100 * np.round(unwrapped.mean() / 100)
