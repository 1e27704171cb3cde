"""What becomes of the carol's own tune while the singer sings it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.arrangement.dynamics import SOFTEST
from kcarol.arrangement.groups import TUNE, group_of
from kcarol.arrangement.played_notes import VELOCITY_DB
from kcarol.config import DUCK, KEEP, LEAVE_OUT
from kcarol.transcription.lead_sheet import Part, Stroke

DUCKED_DB = -9.0  # played softly: a colour of the voice, not a second one
UNDER = 0.5  # share of a stroke that lies under the voice, from which on it counts


def under_voice(
    parts: Sequence[Part], sung: np.ndarray, tune: str, frame_rate: float
) -> tuple[Part, ...]:
    """Parts in song time -> the same with the tune kept, softened or left out while it is sung.

    sung: (F,) bool. tune: one of VOICE_TUNES.
    """
    if tune == KEEP:
        return tuple(parts)
    changed = [
        replace(part, strokes=_changed(part.strokes, sung, tune, frame_rate))
        if group_of(part) == TUNE
        else part
        for part in parts
    ]
    return tuple(part for part in changed if part.strokes)


def _changed(
    strokes: Sequence[Stroke], sung: np.ndarray, tune: str, frame_rate: float
) -> tuple[Stroke, ...]:
    """Those under the voice softened or left out."""
    under = _under(strokes, sung, frame_rate).tolist()
    if tune == LEAVE_OUT:
        return tuple(
            stroke for stroke, is_under in zip(strokes, under, strict=True) if not is_under
        )
    assert tune == DUCK
    return tuple(
        _softened(stroke) if is_under else stroke
        for stroke, is_under in zip(strokes, under, strict=True)
    )


def _under(strokes: Sequence[Stroke], sung: np.ndarray, frame_rate: float) -> np.ndarray:
    """Which of N strokes lie under the voice, (N,) bool."""
    start = np.array([stroke.start_s for stroke in strokes]) * frame_rate
    length = np.array([stroke.length_s for stroke in strokes]) * frame_rate
    n_sung = np.concatenate([[0.0], np.cumsum(sung)])  # frames before each
    frames = np.arange(len(n_sung))
    inside = np.interp(start + length, frames, n_sung) - np.interp(start, frames, n_sung)
    return inside >= UNDER * length


def _softened(stroke: Stroke) -> Stroke:
    softer = round(stroke.velocity * 10 ** (DUCKED_DB / VELOCITY_DB))
    return replace(stroke, velocity=max(min(SOFTEST, stroke.velocity), softer))
