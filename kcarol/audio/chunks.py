"""A long sequence in overlapping chunks, and the chunks joined again by linear cross-fades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional


def chunk_spans(n: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Spans (start, stop) of length `size` that cover range(n) and overlap by at least `overlap`.

    The last one is moved back to end at n, so that all have equal length; one shorter span if
    n <= size.
    """
    if n < 1 or not 0 <= overlap < size:
        raise ValueError(
            f"expected n >= 1 and 0 <= overlap < size, found n {n}, size {size}, overlap {overlap}"
        )
    starts = [*range(0, max(n - size, 0), size - overlap), max(n - size, 0)]
    return [(start, min(start + size, n)) for start in starts]


def overlap_add(chunks: Iterable[Tensor], spans: Sequence[tuple[int, int]], n: int) -> Tensor:
    """Join chunks (..., f, M), one per span, to (..., n, M) float32.

    Chunks may come from a generator: only one is held at a time. ValueError if chunks and spans do
    not match, or leave a frame uncovered.
    """
    return torch.cat([rows for _, rows in overlap_add_stream(chunks, spans, n)], dim=-2)


def overlap_add_stream(
    chunks: Iterable[Tensor], spans: Sequence[tuple[int, int]], n: int
) -> Iterator[tuple[int, Tensor]]:
    """`overlap_add` as (first frame, rows (..., f, M)), yielded once no later chunk changes them.

    Each chunk is weighted by a triangle over its span, and the sum divided by the sum of weights:
    a linear cross-fade where two chunks overlap, the chunk itself where there is no overlap.
    """
    n_chunks = 0
    begin = 0  # first frame not yet yielded
    total = weights = torch.empty(0)  # weighted sum and sum of weights from there on
    for n_chunks, chunk in enumerate(chunks, 1):
        if n_chunks > len(spans):
            break
        start, stop = spans[n_chunks - 1]
        if chunk.shape[-2] != stop - start or not begin <= start < stop <= n:
            raise ValueError(
                f"expected {stop - start} frames for span {start}..{stop} of {n}, "
                f"found {chunk.shape[-2]}"
            )
        n_ready = (spans[n_chunks][0] if n_chunks < len(spans) else n) - begin
        if n_chunks == 1:
            total = chunk.new_zeros(*chunk.shape[:-2], 0, chunk.shape[-1], dtype=torch.float32)
            weights = total.new_zeros(0, 1)
        n_more = max(0, stop - begin - len(weights), n_ready - len(weights))
        total = functional.pad(total, (0, 0, 0, n_more))
        weights = functional.pad(weights, (0, 0, 0, n_more))

        weight = _triangle(stop - start, chunk.device)
        total[..., start - begin : stop - begin, :] += chunk.float() * weight
        weights[start - begin : stop - begin] += weight
        if not weights[:n_ready].all():
            gap = begin + int(weights.argmin())
            raise ValueError(f"expected spans that cover all {n} frames, frame {gap} has none")
        yield begin, total[..., :n_ready, :] / weights[:n_ready]
        total, weights = total[..., n_ready:, :], weights[n_ready:]
        begin += n_ready
    if n_chunks != len(spans) or n_chunks == 0:
        raise ValueError(
            f"expected one chunk per span, found {n_chunks} chunks for {len(spans)} spans"
        )


def _triangle(n: int, device: torch.device) -> Tensor:
    """(n, 1): 1, 2, 3 ... 3, 2, 1."""
    rise = torch.arange(1, n + 1, device=device, dtype=torch.float32)
    return torch.minimum(rise, rise.flip(0))[:, None]
