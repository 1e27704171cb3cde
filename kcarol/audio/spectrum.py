"""Short-time spectra in blocks, and the triangular filters that sum their bins to bands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

# windowed samples held at once, over the batch: 2 MB, and as much again of spectrum, fit a cache;
# without blocks a conversion takes 1.08 of the processor time
BLOCK_SAMPLES = 1 << 19
GPU_BLOCK_SAMPLES = 1 << 25  # where launching a kernel costs more than memory does


def stft_blocks(wave: Tensor, window: Tensor, hop_length: int) -> Iterator[Tensor]:
    """(B, T) -> complex (B, f, bins) blocks of F == 1 + T // hop_length frames in total.

    Frame k is centred on sample k * hop_length; beyond its ends the wave is zero. Blocks keep the
    spectrum of an hour out of memory.
    """
    n_fft, n_samples = len(window), wave.shape[-1]
    n_frames = 1 + n_samples // hop_length
    most_samples = GPU_BLOCK_SAMPLES if wave.is_cuda else BLOCK_SAMPLES
    block = max(1, most_samples // (n_fft * max(1, len(wave))))
    for first in range(0, n_frames, block):
        last = min(first + block, n_frames) - 1
        start = first * hop_length - n_fft // 2
        stop = last * hop_length - n_fft // 2 + n_fft
        piece = wave[:, max(0, start) : max(0, min(stop, n_samples))]
        piece = functional.pad(piece, (max(0, -start), max(0, stop - n_samples)))
        spectrum = torch.stft(
            piece, n_fft, hop_length, window=window, center=False, return_complex=True
        )
        yield spectrum.transpose(1, 2)


def power(spectrum: Tensor) -> Tensor:
    """|z|^2 of a complex tensor, twice as fast as from .real and .imag."""
    squares = torch.view_as_real(spectrum).square()
    return squares[..., 0] + squares[..., 1]


def level_db(mean_square: Tensor) -> Tensor:
    """Mean square to dB re full scale, at least -120."""
    return 10 * mean_square.clamp_min(1e-12).log10()


def amplitude_window(n_fft: int) -> Tensor:
    """Hann window, scaled so that a sine of amplitude A peaks at magnitude A in the spectrum.

    The power of a frame, summed over its bins, is then three times its mean square: a sine's
    A^2 / 2 spreads over three bins, and the mean square of a Hann window is 3/8.
    """
    window = torch.hann_window(n_fft, dtype=torch.float64)
    return (window * 2 / window.sum()).float()


def bin_hz(n_fft: int, sample_rate: int) -> Tensor:
    """(n_fft // 2 + 1,) float64: centre frequencies of the bins."""
    return torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)


def triangles(low: Tensor, centre: Tensor, high: Tensor, bins: Tensor) -> Tensor:
    """Corners (K,) and bins (n,) in Hz -> filters (n, K), 1 at the centre and 0 at both corners."""
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    return torch.minimum(rising, falling).clamp_min(0)


class BandedProduct(nn.Module):
    """x @ matrix, tile by tile, each tile without the rows that are zero in all of its columns.

    Takes half the time of the dense product with the pitch filters. No gradient.
    """

    def __init__(self, matrix: Tensor, cuts: Sequence[int]):
        """`matrix` (K, N); `cuts`: columns at which a tile ends and the next one begins."""
        super().__init__()
        self.n_rows, self.n_columns = matrix.shape
        self.spans = []  # rows and columns of each tile
        for start, stop in itertools.pairwise((0, *cuts, self.n_columns)):
            used = matrix[:, start:stop].any(1).nonzero().flatten().tolist() or [0]
            rows = slice(used[0], used[-1] + 1)
            tile = matrix[rows, start:stop].contiguous()
            self.register_buffer(f"tile{start}", tile, persistent=False)
            self.spans.append((rows, slice(start, stop)))

    def forward(self, x: Tensor) -> Tensor:
        """(F, K) -> (F, N)."""
        out = x.new_empty(len(x), self.n_columns)
        for (rows, columns), tile in zip(self.spans, self.buffers(), strict=True):
            torch.mm(x[:, rows], tile, out=out[:, columns])
        return out


def flatten_batch(wave: Tensor) -> Tensor:
    """(..., T) -> (B, T) float32. ValueError for an empty wave."""
    if wave.dim() == 0 or wave.shape[-1] == 0:
        raise ValueError(
            f"expected a wave (..., T) with T >= 1 samples, found shape {tuple(wave.shape)}"
        )
    return wave.float().reshape(-1, wave.shape[-1])


def unflatten_batch(frames: Tensor, wave: Tensor) -> Tensor:
    """(B, F, ...) -> (..., F, ...), with the leading dimensions of `wave` (..., T)."""
    return frames.reshape(*wave.shape[:-1], *frames.shape[1:])
