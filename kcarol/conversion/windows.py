"""A song's frames in overlapping windows, as long as those that the model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from kcarol.audio.chunks import chunk_spans, overlap_add_stream
from kcarol.audio.parallel import parallel_map

MAX_CPU_BATCH = 4  # windows at once in each thread: more would not fit its cache

Span = tuple[int, int]  # first frame, and the one after the last


@dataclass(frozen=True)
class Windows:
    """Windows of `n_frames`, `overlap` of them shared with the next, `batch` computed at once."""

    n_frames: int
    overlap: int
    batch: int
    device: torch.device

    def spans(self, n_frames: int) -> list[Span]:
        """The windows of a song of `n_frames`."""
        return chunk_spans(n_frames, self.n_frames, self.overlap)

    def map(
        self, work: Callable[[list[Span]], Tensor], n_frames: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Rows of `work` (W windows -> (W, f, n)), cross-faded, in order: (first frame, (f, n)).

        On CPU, batches are computed in parallel, one a thread.
        """
        spans = self.spans(n_frames)
        size = min(self.batch, MAX_CPU_BATCH) if self.device.type == "cpu" else self.batch
        batches = [spans[i : i + size] for i in range(0, len(spans), size)]
        results = parallel_map(work, batches, self.device)
        windows = (window for batch in results for window in batch)
        return overlap_add_stream(windows, spans, n_frames)
