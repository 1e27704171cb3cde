"""A song as the networks play it, from span to span: the calm mean that they predict, made as lively as a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from kcarol.config import AudioConfig
from kcarol.tape import Tape
from kcarol.texture import add_texture, stretch
from kcarol.tone import balance_to, tone_of_pieces


@dataclass(frozen=True)
class Played:
    """What was predicted, log-mel (F, M), and what is done to it; M numbers each, or one."""

    predicted: Tensor | Tape
    stretch: Tensor | float  # factor of its movements
    stretch_frames: int  # within which they are movements
    texture: Tensor  # deviation
    tone: Tensor | None  # to which its balance is brought; None: as it is
    seed: int
    audio: AudioConfig
    piece_frames: int  # looked at at once

    def whole(self) -> Tensor:
        """(F, M)"""
        return self.lively(0, len(self.predicted), self.balance())

    def lively(self, first: int, stop: int, balance: Tensor | None) -> Tensor:
        """(stop - first, M), as those frames of the whole are; `balance` as below."""
        mel = self._moving(first, stop)
        if balance is not None:
            mel += balance
        return add_texture(mel, self.texture, self.seed, self.audio, first, len(self.predicted))

    def balance(self) -> Tensor | None:
        """(M,) to add throughout; None: nothing."""
        return None if self.tone is None else balance_to(self.tone, tone_of_pieces(self._pieces))

    def _pieces(self) -> Iterator[Tensor]:
        for first in range(0, len(self.predicted), self.piece_frames):
            yield self._moving(first, min(first + self.piece_frames, len(self.predicted)))

    def _moving(self, first: int, stop: int) -> Tensor:
        """Stretched, (stop - first, M): a running mean needs the frames around."""
        left, right = max(0, first - self.stretch_frames), min(len(self.predicted), stop + self.stretch_frames)
        mel = torch.as_tensor(self.predicted[left:right]).clone()  # neighbours need them as they are
        return stretch(mel, self.stretch, self.stretch_frames)[first - left : stop - left]
