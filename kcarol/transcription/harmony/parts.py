"""The parts of a song's beats, at whose borders chords change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kcarol.transcription.bars import beat_parts, part_spans

BAR, HALF_BAR, BEAT, OFF_BEAT = range(4)  # where a part begins


@dataclass(frozen=True)
class Parts:
    """P spans of frames, from the first frame to the last."""

    starts: np.ndarray  # (P,) frames
    stops: np.ndarray  # (P,) frames
    place: np.ndarray  # (P,) BAR, HALF_BAR, BEAT or OFF_BEAT
    bar: np.ndarray  # (P,) number of the bar, rising

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(
        cls,
        beats: np.ndarray,
        positions: np.ndarray,
        metres: np.ndarray,
        divisions: np.ndarray,
        n_frames: int,
    ) -> Parts:
        """Of beats (N,), their positions in bars of `metres` beats, and the parts of each."""
        starts, stops = np.array(part_spans(beats, divisions, n_frames)).T
        beat, part = beat_parts(divisions)
        at = np.interp(beat + part / divisions[beat], np.arange(len(beats)), beats)
        # what sounds before the first beat begins like a bar
        number = (np.searchsorted(at.round(), starts, side="right") - 1).clip(0)
        beat, is_between = beat[number], part[number] > 0
        is_half = 2 * positions[beat] == metres[beat]
        place = np.where(is_half, HALF_BAR, BEAT)
        place[positions[beat] == 0] = BAR
        place[is_between] = OFF_BEAT
        return cls(starts, stops, place, np.cumsum(place == BAR))

    @property
    def lengths(self) -> np.ndarray:
        """(P,) of each part, in those of the song's mean part."""
        frames = self.stops - self.starts
        return frames / frames.mean()

    def means(self, values: np.ndarray) -> np.ndarray:
        """(F, n) -> (P, n) float32: in each part its mean."""
        sums = np.add.reduceat(np.asarray(values, np.float32), self.starts)
        return sums / np.float32(self.stops - self.starts)[:, None]
