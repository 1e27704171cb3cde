"""Several channels to one, in which nothing that the channels hold is cancelled out.

A mean of the channels loses what is inverted in one of them: a voice through a miswired cable, or
one that was widened for two loudspeakers. There, and there alone, the strongest of the channels is
heard instead of the mean. Where nothing cancels out, the mix is the mean, bit for bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from kcarol.audio.spectrum import power

FRAME_S = 0.09  # of the Fourier transform: tells neighbouring notes apart
FRAMES_PER_BLOCK = 8  # decided on together, about 0.7 s
WATCHED_RATE_HZ = 11_000  # cancelling is looked for up to half of it
CELL_FRAMES, CELL_BINS = 4, 3  # in which powers are compared; larger, fewer cells cancel by chance
# `kept` is |sum of channels|^2 over the sum of |channel|^2: 1 for channels without relation and
# for one that sounds alone, their number if they are equal, 0 if they cancel out
CANCELLED_KEPT = 0.35  # a cell that keeps less is cancelled out
LEAST_CANCELLED = 0.03  # share of a block's power, weighted by frequency, from which on it matters
RESTORED_KEPT = (0.5, 0.9)  # in such a block: below, a bin is one channel's; above, the mean's
NEARLY_STRONGEST = 0.5  # the first channel with this share of the strongest one's power is taken
TINY = torch.finfo(torch.float32).tiny  # power
QUIETEST = 1e-4  # rms (-80 dB): below, what cancels out is dither or a stuck bit


def mono_mix(chunks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Chunks (n, channels) float32 at a rate in Hz to chunks (n,), whatever the chunks' lengths.

    Blocks in which channels cancel out, and those beside them, are repaired; each repair is faded
    in from the middle of the block before to the middle of its own, and out in the same way.
    """
    step = max(1, round(rate / WATCHED_RATE_HZ))
    frame = step * 2 ** round(np.log2(max(2.0, FRAME_S * rate / step)))
    size = frame * FRAMES_PER_BLOCK
    blocks: list[np.ndarray | None] = [None, None]  # the two before the latest
    damaged = [False, False]
    repair = np.zeros(3 * size, np.float32)  # of the three
    for latest in itertools.chain(_blocks(chunks, size), [None]):
        if latest is not None and latest.shape[1] == 1:
            yield latest[:, 0]
            continue
        blocks.append(latest)
        damaged.append(latest is not None and _cancels_out(_padded(latest, size), frame, step))
        if blocks[1] is not None and any(damaged):
            repair = repair + _repair(blocks[0], blocks[1], blocks[2], frame)
        if blocks[0] is not None:
            yield _mean(blocks[0], repair)
        repair = np.append(repair[size:], np.zeros(size, np.float32))
        del blocks[0], damaged[0]
    if blocks[0] is not None:
        yield _mean(blocks[0], repair)


def _blocks(chunks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The same samples in blocks of a size, the last one shorter; single channels as they come."""
    rest: list[np.ndarray] = []
    for chunk in chunks:
        if chunk.shape[1] == 1:
            yield chunk
            continue
        rest.append(chunk)
        n_samples = sum(map(len, rest))
        if n_samples >= size:
            joined = np.concatenate(rest)
            n_ready = n_samples // size * size
            yield from joined[:n_ready].reshape(-1, size, chunk.shape[1])
            rest = [joined[n_ready:]]
    if any(map(len, rest)):
        yield np.concatenate(rest)


def _mean(block: np.ndarray, repair: np.ndarray) -> np.ndarray:
    """(n, channels) and what is to be added (at least n,) -> (n,)."""
    # ten times as fast as numpy's mean over two columns, with the same result
    mean = (block[:, 0] + block[:, 1]) / 2 if block.shape[1] == 2 else block.mean(axis=1)
    repair = repair[: len(block)]
    return mean + repair if repair.any() else mean


def _repair(
    before: np.ndarray | None, block: np.ndarray, after: np.ndarray | None, frame: int
) -> np.ndarray:
    """What a block adds to the mean in the block before it, in itself, and after it: (3 size,).

    There is none before it, or after it, at the ends of the sound.
    """
    size = frame * FRAMES_PER_BLOCK
    sound = [_padded(block[:0] if part is None else part, size) for part in (before, block, after)]
    fade = _fade(size, before is None, after is None)
    heard = slice(size // 2, -(size // 2))  # beyond, the fade is 0
    fade[heard] *= _cancelled(np.concatenate(sound)[heard], frame)
    return fade


def _padded(block: np.ndarray, size: int) -> np.ndarray:
    return np.pad(block, ((0, size - len(block)), (0, 0)))


def _fade(size: int, is_first: bool, is_last: bool) -> np.ndarray:
    """(3 size,): from 0 in the middle of one block to 1 in that of the next and back to 0.

    The sum over all blocks is 1 at each sample, up to both ends of the sound.
    """
    rise = (np.arange(size, dtype=np.float32) + 0.5) / size
    fade = np.pad(np.concatenate([rise, rise[::-1]]), size // 2)
    if is_first:
        fade[size : size + size // 2] = 1
    if is_last:
        fade[size + size // 2 : 2 * size] = 1
    return fade


def _cancels_out(block: np.ndarray, frame: int, step: int) -> bool:
    """Whether a mean would lose a part of a block (size, channels) that can be heard."""
    channels = block.shape[1]
    # means of `step` samples: coarse, but enough here; as a product, 20 times as fast as a sum
    means = np.tile(np.eye(channels, dtype=np.float32) / step, (step, 1))
    slow = (block.reshape(-1, step * channels) @ means).T
    if np.vdot(slow, slow) < QUIETEST**2 * slow.size:
        return False
    window = np.hanning(frame // step).astype(np.float32)
    spectra = np.fft.rfft(slow.reshape(channels, FRAMES_PER_BLOCK, -1) * window)
    tilt = np.arange(spectra.shape[-1], dtype=np.float32)  # music has less and less upwards
    total = _cells(tilt * _power(spectra))
    kept = _cells(tilt * _power(spectra.sum(axis=0, keepdims=True)))
    cancelled = total[kept < CANCELLED_KEPT * total].sum()
    return bool(cancelled > LEAST_CANCELLED * total.sum())


def _power(spectra: np.ndarray) -> np.ndarray:
    """(channels, frames, bins) complex -> (frames, bins) summed over the channels."""
    return (spectra.real**2 + spectra.imag**2).sum(axis=0)


def _cells(power: np.ndarray) -> np.ndarray:
    """(frames, bins) summed over cells; the bins at the top that fill no cell are left out."""
    n_bins = power.shape[1] // CELL_BINS * CELL_BINS
    return power[:, :n_bins].reshape(-1, CELL_FRAMES, n_bins // CELL_BINS, CELL_BINS).sum((1, 3))


def _cancelled(sound: np.ndarray, frame: int) -> np.ndarray:
    """What the mean of (n, channels) lacks of the strongest channel, where it cancels out: (n,)."""
    window = torch.sin(torch.pi * (torch.arange(frame) + 0.5) / frame)
    hop_length = frame // 2
    waves = torch.from_numpy(np.ascontiguousarray(sound.T))
    spectra = torch.stft(
        waves, frame, hop_length, window=window, pad_mode="constant", return_complex=True
    )
    total = spectra.sum(0)
    powers = power(spectra)
    kept = _smooth(power(total)) / _smooth(powers.sum(0)).clamp_min(TINY)
    low, high = RESTORED_KEPT
    mask = ((high - kept) / (high - low)).clamp(0, 1)
    lost = (mask * powers).sum((1, 2))
    strongest = int((lost >= NEARLY_STRONGEST * lost.max()).int().argmax())
    lacking = mask * (spectra[strongest] - total / len(waves))
    return torch.istft(lacking, frame, hop_length, window=window, length=len(sound)).numpy()


def _smooth(powers: Tensor) -> Tensor:
    """(bins, frames) averaged over three bins and three frames."""
    return avg_pool2d(powers[None], 3, stride=1, padding=1)[0]
