"""Products with filter banks, whose non-zero entries lie about a diagonal."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BandedProduct(nn.Module):
    """x @ matrix, tile by tile, each tile without the rows that are zero in all of its columns.

    Takes half the time of the dense product with the pitch filters. No gradient.
    """

    def __init__(self, matrix: Tensor, cuts: Sequence[int]):
        """`matrix` (K, N); `cuts`: columns at which a tile ends and the next one begins."""
        super().__init__()
        self.n_columns = matrix.shape[1]
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
