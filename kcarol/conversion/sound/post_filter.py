"""Post-filter: restores what mean squared error removes from a carol's log-mel.

Mean squared error predicts the conditional mean. Its variance is too small, which `stretch`
corrects, and it has no texture: beating partials and bow noise average out, which sounds frozen.
As measured, the missing texture fluctuates by some 2.7 dB, about as fast as the analysis window
allows, hardly depends on level, and is little correlated between neighbouring bands. `add_texture_`
draws random texture of that deviation and correlation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig
from kcarol.model.device import widest_float

BLOCK_FRAMES = 4096  # of texture drawn at once: a minute
SEEDED_FRAMES = 5 * BLOCK_FRAMES  # by one generator: frames can be drawn without all before them
BAND_KERNEL = (0.25, 0.5, 0.25)  # neighbouring mel filters overlap by half
STRETCHED_BANDS = 16  # at once, since songs last hours


@dataclass(frozen=True)
class PostFilter:
    """A carol's log-mel (F, M), computed from `predicted` for the requested frames.

    M: the bands of the middle, then those of the side.
    """

    predicted: Tensor | DiskBuffer  # (F, M), nats
    stretch: Tensor | float  # factor (M,) of the deviations from the running mean
    stretch_frames: int  # of the running mean
    texture: Tensor  # (M,) deviation of the grain, nats
    balance: Tensor | None  # (M,) nats added throughout; None: nothing
    seed: int  # of the texture
    audio: AudioConfig

    def __len__(self) -> int:
        return len(self.predicted)

    def frames(self, first: int, stop: int) -> Tensor:
        """(stop - first, M), independent of which frames are computed together."""
        # a running mean needs the frames around
        left = max(0, first - self.stretch_frames)
        right = min(len(self), stop + self.stretch_frames)
        mel = torch.as_tensor(self.predicted[left:right]).clone()
        mel = stretch_(mel, self.stretch, self.stretch_frames)[first - left : stop - left]
        if self.balance is not None:
            mel += self.balance.to(mel)
        add_texture_(mel, self.texture, self.seed, self.audio, first, len(self))
        return mel


def stretch_(log_mel: Tensor, factor: float | Tensor, n_frames: int) -> Tensor:
    """Multiplies, in place, the deviations of (F, M) from their running mean over `n_frames`.

    `factor`: a number or (M,). Cf. global variance (Toda and Tokuda, IEICE Trans. 2007).
    """
    reach = n_frames // 2
    factors = torch.as_tensor(factor, dtype=log_mel.dtype, device=log_mel.device)
    factors = factors.expand(log_mel.shape[1]).split(STRETCHED_BANDS)
    frame = torch.arange(len(log_mel), device=log_mel.device)
    first = (frame - reach).clamp_min(0)
    stop = (frame + reach + 1).clamp_max(len(log_mel))
    dtype = widest_float(log_mel.device)
    for bands, times in zip(log_mel.split(STRETCHED_BANDS, dim=1), factors, strict=True):
        total = F.pad(bands.cumsum(0, dtype=dtype), (0, 0, 1, 0))
        mean = ((total[stop] - total[first]) / (stop - first)[:, None]).to(bands.dtype)
        bands.sub_(mean).mul_(times).add_(mean)
    return log_mel


def add_texture_(
    log_mel: Tensor,
    deviation: Tensor,
    seed: int,
    audio: AudioConfig,
    first: int = 0,
    n_frames: int | None = None,
) -> Tensor:
    """Adds texture of `deviation` (M,) in place to (F, M), frames `first` on of `n_frames` in all.

    The texture of a frame does not depend on which frames are computed together. Blocks are drawn
    independently: across their borders, once a minute, neighbours are not correlated.
    """
    stop = first + len(log_mel)
    for start, block in _texture_blocks(
        first, stop, n_frames or stop, deviation.cpu(), seed, audio
    ):
        here = max(start, first)
        own = block[here - start : stop - start]
        log_mel[here - first : here - first + len(own)] += own.to(log_mel.device)
    return log_mel


def _texture_blocks(
    first: int, stop: int, n_frames: int, deviation: Tensor, seed: int, audio: AudioConfig
) -> Iterator[tuple[int, Tensor]]:
    """First frame and texture (f, M) of the blocks that touch frames `first` to `stop`."""
    for begin in range(first // SEEDED_FRAMES * SEEDED_FRAMES, stop, SEEDED_FRAMES):
        generator = torch.Generator().manual_seed(seed + begin // SEEDED_FRAMES)
        for start in range(begin, min(begin + SEEDED_FRAMES, stop), BLOCK_FRAMES):
            block = draw_texture(min(BLOCK_FRAMES, n_frames - start), deviation, generator, audio)
            if start + len(block) > first:
                yield start, block


def draw_texture(
    n_frames: int, deviation: Tensor, generator: torch.Generator, audio: AudioConfig
) -> Tensor:
    """(F, M) noise of mean 0 and `deviation` (M,), smooth like overlapping frames and bands."""
    reach = audio.n_fft // audio.hop_length
    window = torch.hann_window(reach + 3)[1:-1]  # frames further apart share no samples
    kernel = torch.tensor(BAND_KERNEL)
    margin = len(kernel) // 2
    noise = torch.randn(len(deviation), n_frames + reach, generator=generator)
    noise = F.pad(_convolved(noise, window / window.norm()).T, (margin, margin))
    return _convolved(noise, kernel / kernel.norm()) * deviation


def _convolved(x: Tensor, taps: Tensor) -> Tensor:
    """(n, T), (k,) -> (n, T - k + 1): sums of shifted copies.

    oneDNN convolves one channel as slowly as sixteen.
    """
    size = x.shape[1] - len(taps) + 1
    out = x[:, :size] * taps[0]
    for k in range(1, len(taps)):
        out.add_(x[:, k : k + size], alpha=float(taps[k]))
    return out
