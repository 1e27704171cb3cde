"""A song as the networks play it, from span to span: the calm mean that they predict, made as
lively as a recording.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kcarol.audio.disk_buffer import DiskBuffer
from kcarol.config import AudioConfig
from kcarol.conversion.texture import add_texture, stretch


@dataclass(frozen=True)
class PostFilter:
    """What was predicted, log-mel (F, M), and what is done to it; M numbers each, or one."""

    predicted: Tensor | DiskBuffer
    stretch: Tensor | float  # factor of its movements
    stretch_frames: int  # within which they are movements
    texture: Tensor  # deviation
    balance: Tensor | None  # added throughout; None: nothing
    seed: int
    audio: AudioConfig

    def whole(self) -> Tensor:
        """(F, M)"""
        return self.lively(0, len(self.predicted))

    def lively(self, first: int, stop: int) -> Tensor:
        """(stop - first, M), as those frames of the whole are."""
        mel = self._moving(first, stop)
        if self.balance is not None:
            mel += self.balance.to(mel)
        return add_texture(mel, self.texture, self.seed, self.audio, first, len(self.predicted))

    def _moving(self, first: int, stop: int) -> Tensor:
        """Stretched, (stop - first, M): a running mean needs the frames around."""
        left, right = (
            max(0, first - self.stretch_frames),
            min(len(self.predicted), stop + self.stretch_frames),
        )
        # neighbours need them as they are
        mel = torch.as_tensor(self.predicted[left:right]).clone()
        return stretch(mel, self.stretch, self.stretch_frames)[first - left : stop - left]
