"""Shapes of every vocoder's input and output: F == 1 + T // hop_length."""

from __future__ import annotations

from torch import Tensor


def check_log_mel(log_mel: Tensor, n_mels: int) -> None:
    """Raises ValueError unless `log_mel` is (F, M) or (B, F, M) with F >= 1 and M == n_mels."""
    if log_mel.dim() not in (2, 3) or log_mel.shape[-1] != n_mels or log_mel.shape[-2] < 1:
        raise ValueError(
            f"log-mel must be (F, {n_mels}) or (B, F, {n_mels}), found {tuple(log_mel.shape)}"
        )


def output_length(n_frames: int, hop_length: int, length: int | None) -> int:
    """Samples for F frames: `length`, or (F - 1) * hop_length where it is None.

    Raises ValueError for a `length` that does not fit F frames.
    """
    if length is None:
        return (n_frames - 1) * hop_length
    if not 0 <= length < n_frames * hop_length:
        raise ValueError(
            f"{n_frames} frames hold 0 to {n_frames * hop_length - 1} samples, "
            f"found length {length}; F == 1 + T // hop_length must hold"
        )
    return length
