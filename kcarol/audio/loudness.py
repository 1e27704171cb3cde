"""Loudness of waves, and matching it without clipping.

Waves are arrays (T,) or (C, T), or the same on disk (`DiskBuffer`, `DiskWave`): they are read and
written in pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import (
    amplitude_window,
    flatten_batch,
    level_db,
    power,
    stft_blocks,
    unflatten_batch,
)
from kcarol.config import AudioConfig
from kcarol.progress import Progress, tracked, untold, within

Wave = np.ndarray | DiskBuffer  # (..., T)

PIECE_SAMPLES = 1 << 20  # of each channel in memory at once
SILENT_DB = -120.0

# ITU-R BS.1770-4: blocks of 0.4 s, one every 0.1 s
BLOCK_STEP_S = 0.1
STEPS_PER_BLOCK = 4
LUFS_OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
FILTERED_STEPS = 12  # at once at least: 1.2 s
SETTLING_STEPS = 2  # after which the filters' response has decayed
SHELF_DB, SHELF_HZ, SHELF_Q = 4.0, 1500.0, math.sqrt(0.5)  # the head, as a sphere
HIGH_PASS_HZ, HIGH_PASS_Q = 38.0, 0.5

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
PEAK_DB = -1.0  # highest true peak re full scale: coders of sound overshoot
LIMITER_S = 0.005  # over which the limiter's gain falls before a peak, and rises after it
LIMITER_STEP = 16  # samples of which the largest counts
LIMITED_S = 4.0  # processed together
LIMITER_MARGIN_DB = 0.05  # what a limited wave rises between its samples
MATCHED_LU = 0.1  # to which limiting may lower the loudness without another round
MOST_ROUNDS = 4
# true peaks: ITU-R BS.1770-4, annex 2
OVERSAMPLING = 4
OVERSAMPLER_REACH = 8  # samples on each side that a value between samples depends on


@dataclass(frozen=True)
class Loudness:
    """Loudness of a whole wave."""

    lufs: float  # -inf where it is too short or too soft for ITU-R BS.1770-4
    rms_db: float  # re full scale, at least SILENT_DB


def in_pieces(wave: Wave) -> Iterator[tuple[slice, np.ndarray]]:
    """Consecutive spans of (..., T) and their samples."""
    n_samples = wave.shape[-1]
    for start in range(0, n_samples, PIECE_SAMPLES):
        span = slice(start, min(start + PIECE_SAMPLES, n_samples))
        yield span, wave[..., span]


def peak(wave: Wave) -> float:
    """Largest absolute value of (..., T), 0 if it is empty."""
    # no copy for the absolute values
    peaks = (max(float(piece.max()), -float(piece.min())) for _, piece in in_pieces(wave))
    return max(peaks, default=0.0)


def loudness_db(wave: Wave) -> float:
    """Root mean square of (..., T) in dB re full scale, at least -120."""
    energy = sum(float(np.vdot(piece, piece)) for _, piece in in_pieces(wave))
    return max(SILENT_DB, 10 * math.log10(max(energy / max(1, math.prod(wave.shape)), 1e-12)))


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


def loudness_lufs(
    wave: Wave, sample_rate: int = AudioConfig.sample_rate, progress: Progress = untold
) -> float:
    """Integrated loudness of (T,), or of the channels (C, T) together, by ITU-R BS.1770-4, LUFS;
    -inf for silence or under 0.4 s.
    """
    return gated_lufs(step_powers(wave, sample_rate, progress))


def gated_lufs(powers: np.ndarray) -> float:
    """Of the `step_powers` (K,) of a whole sound: those of its loud blocks, by ITU-R BS.1770-4."""
    if len(powers) < STEPS_PER_BLOCK:
        return -math.inf
    blocks = np.convolve(powers, np.ones(STEPS_PER_BLOCK) / STEPS_PER_BLOCK, "valid")
    blocks = blocks[blocks > 10 ** ((ABSOLUTE_GATE_LUFS - LUFS_OFFSET_DB) / 10)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > 10 ** (RELATIVE_GATE_LU / 10) * blocks.mean()]
    return LUFS_OFFSET_DB + 10 * math.log10(blocks.mean())


def step_length(sample_rate: int) -> int:
    """Samples of BLOCK_STEP_S, at least one."""
    return max(1, round(BLOCK_STEP_S * sample_rate))


def step_powers(wave: Wave, sample_rate: int, progress: Progress = untold) -> np.ndarray:
    """(..., T) -> (K,): mean squares of the K-weighted whole steps, summed over channels."""
    step = step_length(sample_rate)
    n_steps = wave.shape[-1] // step
    if not n_steps:
        return np.zeros(0)
    settling = SETTLING_STEPS * step
    least = settling + min(FILTERED_STEPS, n_steps) * step
    n_fft = 1 << (least - 1).bit_length()  # powers of two take half the time of other lengths
    n_filtered = n_fft // step - SETTLING_STEPS
    response = k_weighting(sample_rate, n_fft)

    def of_steps(first: int) -> Tensor:
        last = min(first + n_filtered, n_steps)
        start, stop = first * step, last * step
        piece = torch.from_numpy(wave[..., max(0, start - settling) : stop])
        piece = functional.pad(piece, (max(0, settling - start), 0))
        # what wraps around the end of this circular convolution falls on the settling samples
        weighted = torch.fft.irfft(torch.fft.rfft(piece, n_fft) * response, n_fft)
        steps = weighted[..., settling : settling + stop - start].unflatten(-1, (-1, step))
        return steps.square().mean(-1).reshape(-1, last - first).sum(0)

    powers, firsts = np.empty(n_steps), range(0, n_steps, n_filtered)
    # copied at once: small results kept among large temporary arrays would scatter the memory
    sums = parallel_map(of_steps, firsts)
    for first, found in zip(tracked(firsts, progress), sums, strict=True):
        powers[first : first + n_filtered] = found.numpy()
    return powers


@cache
def k_weighting(sample_rate: int, n_fft: int) -> Tensor:
    """(n_fft // 2 + 1,) complex: both filters of ITU-R BS.1770-4, by the Audio EQ Cookbook.

    (torchaudio has them, as filters of waves, but takes a while to import.)
    """
    n_settling = SETTLING_STEPS * step_length(sample_rate)
    turns = torch.arange(n_settling // 2 + 1, dtype=torch.float64) / n_settling
    delay = torch.exp(-2j * math.pi * turns)
    shelf = _high_shelf(2 * math.pi * SHELF_HZ / sample_rate)
    high_pass = _high_pass(2 * math.pi * HIGH_PASS_HZ / sample_rate)
    impulse = torch.fft.irfft(_response(*shelf, delay) * _response(*high_pass, delay), n_settling)
    return torch.fft.rfft(impulse, n_fft).to(torch.complex64)


Coefficients = tuple[float, float, float]


def _high_shelf(omega: float) -> tuple[Coefficients, Coefficients]:
    """Numerator and denominator of the cookbook's "highShelf"; omega: radians a sample."""
    alpha, cosine = math.sin(omega) / 2 / SHELF_Q, math.cos(omega)
    gain = 10 ** (SHELF_DB / 40)
    root = 2 * math.sqrt(gain) * alpha
    up, down = gain + 1, gain - 1
    above = (up + down * cosine + root, -2 * (down + up * cosine), up + down * cosine - root)
    below = (up - down * cosine + root, 2 * (down - up * cosine), up - down * cosine - root)
    return (gain * above[0], gain * above[1], gain * above[2]), below


def _high_pass(omega: float) -> tuple[Coefficients, Coefficients]:
    """The same of the cookbook's "HPF"."""
    alpha, cosine = math.sin(omega) / 2 / HIGH_PASS_Q, math.cos(omega)
    above = ((1 + cosine) / 2, -1 - cosine, (1 + cosine) / 2)
    return above, (1 + alpha, -2 * cosine, 1 - alpha)


def _response(above: Coefficients, below: Coefficients, delay: Tensor) -> Tensor:
    numerator, denominator = (a + b * delay + c * delay**2 for a, b, c in (above, below))
    return numerator / denominator


def measure_loudness(
    wave: Wave, sample_rate: int = AudioConfig.sample_rate, progress: Progress = untold
) -> Loudness:
    """Loudness of (T,) or (C, T)."""
    return Loudness(loudness_lufs(wave, sample_rate, progress), loudness_db(wave))


def match_loudness_(
    wave: Wave,
    loudness: Loudness,
    sample_rate: int = AudioConfig.sample_rate,
    stems: Sequence[Wave] = (),
    progress: Progress = untold,
) -> None:
    """Make (..., T) as loud as given, in place, with true peaks limited to PEAK_DB; silence stays
    silent. `stems` of the wave get the same gain.

    By LUFS, or by rms where one of them is too short or too soft for that. What the limiter takes
    from the loudness is given back in further rounds. Peaks are lowered by at most
    MOST_LIMITED_DB; beyond that the wave stays softer.
    """
    found = measure_loudness(wave, sample_rate, within(progress, 0.0, 0.5))
    if min(found.rms_db, loudness.rms_db) <= SILENT_DB:
        return
    most_db = MOST_LIMITED_DB + PEAK_DB - 20 * math.log10(peak(wave))
    for _ in range(MOST_ROUNDS):
        gain_db = min(_difference_db(loudness, found), most_db)
        progress = within(progress, 0.5, 1.0)  # another half of what is left
        if not limit_(wave, sample_rate, gain_db, stems, within(progress, 0.0, 0.3)):
            return
        most_db -= gain_db
        found = measure_loudness(wave, sample_rate, within(progress, 0.3, 0.5))
        if _difference_db(loudness, found) < MATCHED_LU or most_db < MATCHED_LU:
            return


def _difference_db(wanted: Loudness, found: Loudness) -> float:
    if math.isfinite(found.lufs) and math.isfinite(wanted.lufs):
        return wanted.lufs - found.lufs
    return wanted.rms_db - found.rms_db


def limit_(
    wave: Wave,
    sample_rate: int = AudioConfig.sample_rate,
    gain_db: float = 0.0,
    stems: Sequence[Wave] = (),
    progress: Progress = untold,
) -> bool:
    """Amplify (..., T) and bring its true peaks down to PEAK_DB, in place, by a gain that all
    channels and `stems` have in common and that changes smoothly over LIMITER_S.

    Whether any peak had to be brought down.
    """
    gain, most = np.float32(10 ** (gain_db / 20)), 10 ** ((PEAK_DB - LIMITER_MARGIN_DB) / 20)
    reach = max(1, round(LIMITER_S * sample_rate / LIMITER_STEP))
    size = LIMITER_STEP * round(LIMITED_S * sample_rate / LIMITER_STEP)

    def limited(piece: tuple[np.ndarray, slice]) -> tuple[np.ndarray, np.ndarray | None]:
        """What becomes of the inner samples, and by which gain, if they are limited."""
        around, inner = gain * piece[0], piece[1]
        level = step_peaks(around, most) / most
        if level.max() <= 1:
            return around[..., inner], None
        limiter = _limiter_gain(level, reach).numpy()[: around.shape[-1]][inner]
        return around[..., inner] * limiter, limiter

    starts = range(0, wave.shape[-1], size)
    pieces = with_context(wave, starts, 3 * reach * LIMITER_STEP)
    any_limited = False
    sounds = parallel_map(limited, pieces)
    for start, (sound, limiter) in zip(tracked(starts, progress), sounds, strict=True):
        wave[..., start : start + size] = sound
        for stem in stems:
            stem[..., start : start + size] *= gain if limiter is None else gain * limiter
        any_limited |= limiter is not None
    return any_limited


def with_context(wave: Wave, starts: range, n_around: int) -> Iterator[tuple[np.ndarray, slice]]:
    """The pieces of (..., T) that begin at `starts`, with samples around them as they are when the
    piece before is read, and where in that the piece lies.
    """
    before = wave[..., :0]
    for start in starts:
        around = np.concatenate([before, wave[..., start : start + starts.step + n_around]], -1)
        inner = slice(before.shape[-1], before.shape[-1] + starts.step)
        yield around, inner
        before = around[..., inner][..., -n_around:]


def _limiter_gain(level: Tensor, reach: int) -> Tensor:
    """Of steps (K,) -> of samples (K * LIMITER_STEP,): running mean of the gains that all steps
    within `reach` need, interpolated.
    """
    largest = functional.max_pool1d(level[None, None], 2 * reach + 3, stride=1, padding=reach + 1)
    enough = functional.pad(1 / largest.clamp(min=1), (reach, reach), mode="replicate")
    gain = functional.avg_pool1d(enough, 2 * reach + 1, stride=1)
    return functional.interpolate(gain, scale_factor=LIMITER_STEP, mode="linear")[0, 0]


def step_peaks(wave: np.ndarray, least: float = 0.0) -> Tensor:
    """(..., T) -> (ceil(T / LIMITER_STEP),): largest absolute value of all channels in each step,
    at its samples and on the way to the next ones.

    Between samples only where that may exceed `least`.
    """
    channels = torch.from_numpy(wave).reshape(-1, wave.shape[-1])
    oversampler = _oversampler()
    missing = -wave.shape[-1] % LIMITER_STEP
    padded = functional.pad(channels, (OVERSAMPLER_REACH - 1, missing + OVERSAMPLER_REACH))
    n_around = len(oversampler)
    # of all samples that count in a step; `amax` of windows takes six times as long
    largest = functional.max_pool1d(padded.abs().amax(0)[None], n_around, LIMITER_STEP)[0]
    may_exceed = largest * oversampler.abs().sum(0).max() > least
    between = padded.unfold(-1, n_around, LIMITER_STEP)[:, may_exceed] @ oversampler
    largest[may_exceed] = between.abs_().amax(2).amax(0)
    return largest


def true_peak_db(wave: Wave) -> float:
    """Of (..., T), dB re full scale, at least SILENT_DB."""
    reach = OVERSAMPLER_REACH
    largest = max(
        float(step_peaks(wave[..., max(0, start - reach) : start + PIECE_SAMPLES + reach]).max())
        for start in range(0, wave.shape[-1], PIECE_SAMPLES)
    )
    return max(SILENT_DB, 20 * math.log10(max(largest, 1e-6)))


@cache
def _oversampler() -> Tensor:
    """(LIMITER_STEP + 2 * OVERSAMPLER_REACH - 1, OVERSAMPLING * LIMITER_STEP): from the samples
    around a step to its values, by sincs under a Hann window.
    """
    place = torch.arange(OVERSAMPLING * LIMITER_STEP) / OVERSAMPLING
    sample = torch.arange(1 - OVERSAMPLER_REACH, LIMITER_STEP + OVERSAMPLER_REACH)
    distance = (sample[:, None] - place).clamp(-OVERSAMPLER_REACH, OVERSAMPLER_REACH)
    window = torch.cos(math.pi * distance / (2 * OVERSAMPLER_REACH)) ** 2
    return torch.sinc(distance) * window
