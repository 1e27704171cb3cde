"""The inverse STFT, by rows of one hop, so that any part of a wave can be computed separately."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kcarol.model.device import widest_float


class InverseSTFT(nn.Module):
    """Inverse of a centred STFT with a Hann window.

    Row r is the samples [r * hop, (r + 1) * hop) of the padded signal. The wave starts at row
    `n_skip`.
    """

    def __init__(self, n_fft: int, hop_length: int):
        super().__init__()
        if n_fft % (2 * hop_length):
            raise ValueError(
                f"n_fft must be a multiple of twice the hop ({2 * hop_length}), found {n_fft}"
            )
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_overlap = n_fft // hop_length  # frames that reach a row
        self.n_skip = self.n_overlap // 2  # rows before the first frame's centre
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def rows(self, spectrum: Tensor) -> Tensor:
        """Spectrum (B, N/2 + 1, F) complex -> rows (B, F + n_overlap - 1, hop) float32."""
        # "ortho": a full-scale sine has magnitude 8 at N = 1024, not 256, and is never clamped
        frames = torch.fft.irfft(spectrum.transpose(1, 2), self.n_fft, norm="ortho")
        wide = self.window.to(widest_float(self.window.device))
        squares = wide.square().expand(1, frames.shape[1], -1)
        energy = self._overlap_add(squares).clamp_min(1e-8).float()
        return self._overlap_add(frames * self.window) / energy

    def _overlap_add(self, frames: Tensor) -> Tensor:
        """(B, F, N) -> (B, F + n_overlap - 1, hop)."""
        batch, n_frames, _ = frames.shape
        parts = frames.reshape(batch, n_frames, self.n_overlap, self.hop_length)
        rows = frames.new_zeros(batch, n_frames + self.n_overlap - 1, self.hop_length)
        for k in range(self.n_overlap):
            rows[:, k : k + n_frames] += parts[:, :, k]
        return rows
