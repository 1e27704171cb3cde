"""The text of a song, as choirs sing it: how much of which vowel, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Text:
    """Of F frames."""

    shares: Tensor  # (F, len(VOWELS) + 1) float32 of power; the last of samples as they are
    level_db: Tensor  # (F,) float32, below 0 where a syllable begins

    def window(self, first: int, stop: int) -> Text:
        """The frames from `first` to `stop`."""
        return Text(self.shares[first:stop], self.level_db[first:stop])

    def to(self, device: torch.device) -> Text:
        return Text(self.shares.to(device), self.level_db.to(device))
