"""Notes: what the instruments of a carol play, as the playing half reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

COLUMNS = ("instrument", "pitch", "level_db", "start", "end")  # of a note, as numbers


@dataclass(frozen=True, eq=False)
class Notes:
    """N notes in the order in which they begin."""

    instrument: Tensor  # (N,) int64, numbers of INSTRUMENTS
    pitch: Tensor  # (N,) int64, MIDI
    level_db: Tensor  # (N,) float32, re the instrument's hardest stroke
    start: Tensor  # (N,) float32, frames from the beginning of the song
    end: Tensor  # (N,) float32, frames; where the key is released
    sings: Tensor  # (N,) bool, of a choir: the song's text, where there is one

    def __len__(self) -> int:
        return len(self.pitch)

    def window(self, first: int, stop: int, ring_frames: int) -> Notes:
        """The notes that sound in the frames from `first` to `stop`, counted from `first`; a note
        sounds for up to `ring_frames` after it is released.
        """
        sounds = (self.start < stop) & (self.end + ring_frames > first)
        some = Notes(*(getattr(self, f.name)[sounds] for f in fields(self)))
        return replace(some, start=some.start - first, end=some.end - first)

    def to(self, device: torch.device) -> Notes:
        return Notes(*(getattr(self, f.name).to(device) for f in fields(self)))

    @classmethod
    def concatenated(cls, several: Sequence[Notes]) -> Notes:
        """One after the other, in the order given."""
        return cls(*(torch.cat([getattr(some, f.name) for some in several]) for f in fields(cls)))

    def tensor(self) -> Tensor:
        """(N, 5) float32, one column for each of COLUMNS; `of_tensor` is the inverse where every
        choir sings.
        """
        return torch.stack([getattr(self, name).float() for name in COLUMNS], dim=1)

    @classmethod
    def of_tensor(cls, columns: Tensor) -> Notes:
        instrument, pitch, level_db, start, end = columns.float().unbind(1)
        sings = torch.ones_like(start, dtype=torch.bool)
        return cls(instrument.long(), pitch.long(), level_db, start, end, sings)
