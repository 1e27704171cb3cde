"""Loudness of waves, and matching it without clipping.

Waves are arrays (T,) or a `DiskBuffer` of T samples: they are read and written in pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.audio.spectrum import (
    amplitude_window,
    flatten_batch,
    level_db,
    power,
    stft_blocks,
    unflatten_batch,
)
from kcarol.config import AudioConfig

PIECE_SAMPLES = 5 << 20  # in memory at once, 20 MB: 5.5 minutes at 16 kHz
SILENT_DB = -120.0

# ITU-R BS.1770-4: blocks of 0.4 s, one every 0.1 s
BLOCK_STEP_S = 0.1
STEPS_PER_BLOCK = 4
LUFS_OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
FILTERED_STEPS = 100  # at once: torchaudio takes twice as long for four minutes in one piece
SETTLING_STEPS = 2  # after which the filters' initial state has decayed
HEADROOM = 0.25  # peak: torchaudio's filters clip at 1, and K-weighting amplifies by 4 dB

LOWEST_HEARD_HZ = 30.0
RUMBLE_FALL_HZ = 10.0  # above which all is left as it is
RUMBLE_STEP = 16  # samples: 1 kHz, at which images of 30 Hz are 60 dB down
RUMBLE_REACH_STEPS = 1000  # by which both ends are continued, reflected in their points
FAST_FFT_MULTIPLE = 4096
HEARD_N_FFT = 4096  # samples
LOBE_BINS = 5  # over which a Blackman window spreads a loud tone: at 16 kHz 30 to 50 Hz
HEARD_STEP_S = 0.1
HISS_DB = -70.0  # re full scale, and below the loudest: softer sounds are silence
HISS_BELOW_DB = 40.0
LASTING_S, LASTING_SHARE = 3.0, 1 / 3  # a click before the music is not its beginning

MOST_LIMITED_DB = 9.0  # of peaks, to match a loud reference
LIMITER_S = 0.005  # over which the limiter's gain falls before a peak, and rises after it
LIMITED_S = 1.0  # processed together: blocks without a peak cost nothing


@dataclass(frozen=True)
class Loudness:
    """Loudness of a whole wave."""

    lufs: float  # -inf where it is too short or too soft for ITU-R BS.1770-4
    rms_db: float  # re full scale, at least SILENT_DB


def in_pieces(wave: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Consecutive spans of (T,) and their samples."""
    for start in range(0, len(wave), PIECE_SAMPLES):
        span = slice(start, min(start + PIECE_SAMPLES, len(wave)))
        yield span, wave[span]


def peak(wave: np.ndarray) -> float:
    """Largest absolute value of (T,), 0 if it is empty."""
    # no copy for the absolute values
    peaks = (max(float(piece.max()), -float(piece.min())) for _, piece in in_pieces(wave))
    return max(peaks, default=0.0)


def loudness_db(wave: np.ndarray) -> float:
    """Root mean square of (T,) in dB re full scale, at least -120."""
    energy = sum(float(np.vdot(piece, piece)) for _, piece in in_pieces(wave))
    return max(SILENT_DB, 10 * math.log10(max(energy / max(1, len(wave)), 1e-12)))


def loudness_curve(wave: Tensor, hop_length: int, n_fft: int = 1024) -> Tensor:
    """(..., T) -> (..., F): rms under a Hann window of `n_fft`, dB re full scale, at least -120."""
    with torch.autocast(wave.device.type, enabled=False):
        window = amplitude_window(n_fft).to(wave.device)
        blocks = stft_blocks(flatten_batch(wave), window, hop_length)
        levels = [level_db(power(spectrum).sum(-1) / 3) for spectrum in blocks]
        return unflatten_batch(torch.cat(levels, dim=1), wave)


def without_rumble(wave: Tensor, sample_rate: int = AudioConfig.sample_rate) -> Tensor:
    """(T,) -> (T,) without constants and what is below LOWEST_HEARD_HZ, as far as -60 dB.

    The low band is filtered at a rate of its own, at which it is short, brought back by linear
    interpolation, and subtracted.
    """
    padded = functional.pad(wave[None], (0, -len(wave) % RUMBLE_STEP), mode="replicate")[0]
    low = padded.view(-1, RUMBLE_STEP).mean(1)
    constant = low.mean()
    low = low - constant
    n_around = min(len(low) - 1, RUMBLE_REACH_STEPS)
    before = 2 * low[0] - low[1 : n_around + 1].flip(0)
    after = 2 * low[-1] - low[len(low) - n_around - 1 : -1].flip(0)
    around = torch.cat([before, low, after])
    n_fft = len(around) + -len(around) % FAST_FFT_MULTIPLE
    hz = torch.fft.rfftfreq(n_fft, RUMBLE_STEP / sample_rate)
    fall = ((hz - LOWEST_HEARD_HZ) / RUMBLE_FALL_HZ).clamp(0, 1)
    # the mean over a step weakens by one sinc, the interpolation by its square
    gain = (1 + torch.cos(math.pi * fall)) / 2 / torch.sinc(hz * RUMBLE_STEP / sample_rate) ** 3
    filtered = torch.fft.irfft(torch.fft.rfft(around, n_fft) * gain, n_fft)
    rumble = filtered[n_around : n_around + len(low)] + constant
    smooth = functional.interpolate(rumble[None, None], scale_factor=RUMBLE_STEP, mode="linear")
    return wave - smooth[0, 0, : len(wave)]


def heard_levels(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> np.ndarray:
    """(T,) -> (F,): rms in windows that begin every HEARD_STEP_S and lie within the wave, dB re
    full scale, without what is too low to be heard: constants and rumble.
    """
    n_fft = min(len(wave), HEARD_N_FFT)
    step = round(HEARD_STEP_S * sample_rate)
    lowest_bin = math.ceil(LOWEST_HEARD_HZ * n_fft / sample_rate) + LOBE_BINS
    window = torch.blackman_window(n_fft)
    scale = 2 / (n_fft * window.square().sum())  # Parseval: to the mean square of the samples
    levels = []
    for start in range(0, len(wave) - n_fft + 1, FILTERED_STEPS * step):
        piece = torch.from_numpy(wave[start : start + (FILTERED_STEPS - 1) * step + n_fft])
        spectrum = torch.fft.rfft(piece.unfold(0, n_fft, step) * window)
        levels.append(level_db(scale * power(spectrum)[:, lowest_bin:].sum(-1)))
    return torch.cat(levels).numpy()


def first_sound(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> int | None:
    """Sample of (T,) at which it begins to sound, HEARD_N_FFT early at most; None for silence.

    Hiss far below the music is silence, and so are single clicks before it.
    """
    levels = heard_levels(wave, sample_rate)
    sounds = levels > max(HISS_DB, levels.max() - HISS_BELOW_DB)
    if not sounds.any():
        return None
    counts = np.concatenate([[0], np.cumsum(sounds)])
    places = np.arange(len(sounds))
    ends = np.minimum(places + round(LASTING_S / HEARD_STEP_S), len(sounds))
    lasts = counts[ends] - counts[places] >= LASTING_SHARE * (ends - places)
    begins = sounds & lasts if (sounds & lasts).any() else sounds
    return int(begins.argmax()) * round(HEARD_STEP_S * sample_rate)


def loudness_lufs(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> float:
    """Integrated loudness of (T,) by ITU-R BS.1770-4, LUFS; -inf for silence or under 0.4 s."""
    blocks = _block_powers(wave, sample_rate)
    blocks = blocks[blocks > 10 ** ((ABSOLUTE_GATE_LUFS - LUFS_OFFSET_DB) / 10)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > 10 ** (RELATIVE_GATE_LU / 10) * blocks.mean()]
    return LUFS_OFFSET_DB + 10 * math.log10(blocks.mean())


def _block_powers(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """(K,) mean squares of the K-weighted blocks of (T,)."""
    # scipy.signal.sosfilt saves .13 s for four minutes, but importing scipy.signal takes .7 s
    from torchaudio.functional import highpass_biquad, treble_biquad

    step = round(BLOCK_STEP_S * sample_rate)
    n_steps = len(wave) // step
    if n_steps < STEPS_PER_BLOCK:
        return np.zeros(0)
    gain = np.float32(min(1.0, HEADROOM / max(peak(wave), 1e-9)))
    powers = []
    for first in range(0, n_steps, FILTERED_STEPS):
        last = min(first + FILTERED_STEPS, n_steps)
        settling = min(SETTLING_STEPS, first)
        piece = torch.from_numpy(gain * wave[(first - settling) * step : last * step])
        piece = treble_biquad(piece, sample_rate, 4.0, 1500.0, 1 / math.sqrt(2))
        piece = highpass_biquad(piece, sample_rate, 38.0, 0.5)
        powers.append(piece.view(-1, step)[settling:].square().mean(1))
    power = torch.cat(powers).double().numpy() / float(gain) ** 2
    return np.convolve(power, np.ones(STEPS_PER_BLOCK) / STEPS_PER_BLOCK, "valid")


def measure_loudness(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> Loudness:
    """Loudness of (T,)."""
    return Loudness(loudness_lufs(wave, sample_rate), loudness_db(wave))


def match_loudness_(
    wave: np.ndarray, loudness: Loudness, sample_rate: int = AudioConfig.sample_rate
) -> None:
    """Make (T,) as loud as given, in place, with peaks limited to 1; silence stays silent.

    By LUFS, or by rms where one of them is too short or too soft for that. Peaks are lowered by at
    most MOST_LIMITED_DB; beyond that the wave stays softer.
    """
    found = measure_loudness(wave, sample_rate)
    if math.isfinite(found.lufs) and math.isfinite(loudness.lufs):
        gain_db = loudness.lufs - found.lufs
    else:
        gain_db = loudness.rms_db - found.rms_db
    if min(found.rms_db, loudness.rms_db) <= SILENT_DB:
        return
    gain_db = min(gain_db, MOST_LIMITED_DB - 20 * math.log10(peak(wave)))
    gain = np.float32(10 ** (gain_db / 20))
    for span, piece in in_pieces(wave):
        wave[span] = piece * gain
    limit_(wave, sample_rate)


def limit_(wave: np.ndarray, sample_rate: int = AudioConfig.sample_rate) -> None:
    """Bring peaks of (T,) down to 1, in place, by a gain that changes smoothly over LIMITER_S."""
    reach = max(1, round(LIMITER_S * sample_rate))
    size = round(LIMITED_S * sample_rate)
    before = wave[:0]  # the unlimited samples before a piece
    for start in range(0, len(wave), size):
        span = slice(start, min(start + size, len(wave)))
        around = np.concatenate([before, wave[start : span.stop + 2 * reach]])
        inner = slice(len(before), len(before) + span.stop - start)
        if np.abs(around).max() > 1:
            wave[span] = np.clip(around[inner] * _limiter_gain(around, reach)[inner], -1, 1)
        before = around[inner][-2 * reach :]


def _limiter_gain(wave: np.ndarray, reach: int) -> np.ndarray:
    """(T,) -> (T,): running mean of the gains needed by all samples within `reach`."""
    size = 2 * reach + 1
    level = torch.from_numpy(np.abs(wave))[None]
    largest = functional.max_pool1d(level, size, stride=1, padding=reach)
    enough = functional.pad(1 / largest.clamp(min=1), (reach, reach), mode="replicate")
    return functional.avg_pool1d(enough, size, stride=1)[0].numpy()
