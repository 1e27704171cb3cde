"""Swing of a song that was heard: its off-beat eighths come late, and are written as eighths.

Positions are in beats. A swing of 1/3 is that of triplets, see `LeadSheet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.transcription.lead_sheet import LeadSheet, Note

OFF_BEATS = (0.4, 0.8)  # where in a beat notes are off-beat eighths, straight or swung
SWUNG = (0.57, 0.72)  # where in a beat they are, in the middle, of a song that swings
FEWEST = 12  # of them, to tell
SPREAD, SHARE = 0.08, 0.75  # so many of them are so near their middle, in beats
MOST = 1 / 3


def as_written(sheet: LeadSheet) -> LeadSheet:
    """A sheet that says the swing with which it was sung: its off-beat eighths are straight, and
    bars that were heard in thirds of beats (12/8) are as the others (4/4).
    """
    swing = heard_swing(sheet)
    if not swing:
        return sheet
    changes = tuple(replace(metre, division=2) for metre in sheet.changes)
    notes = straight(sheet.notes, swing)
    return replace(sheet, swing=swing, notes=notes, division=2, changes=changes)


def heard_swing(sheet: LeadSheet) -> float:
    """With which the notes of a sheet were sung that says of none; 0 if they are straight."""
    if sheet.swing:
        return 0.0
    starts = np.array(
        [note.start for note in sheet.notes if sheet.metre_at(note.start).division == 2]
    )
    if len(starts) < len(sheet.notes) / 2:
        return 0.0
    places = starts % 1
    places = places[(places > OFF_BEATS[0]) & (places < OFF_BEATS[1])]
    if len(places) < FEWEST:
        return 0.0
    middle = float(np.median(places))
    is_clear = np.mean(np.abs(places - middle) < SPREAD) >= SHARE
    if not (SWUNG[0] <= middle <= SWUNG[1] and is_clear):
        return 0.0
    return min(2 * middle - 1, MOST)


def straight(notes: Sequence[Note], swing: float) -> tuple[Note, ...]:
    """Notes that were sung with a swing, as they are written."""
    played, written = (0.0, 0.5 + swing / 2, 1.0), (0.0, 0.5, 1.0)
    starts = _moved([note.start for note in notes], played, written)
    ends = _moved([note.end for note in notes], played, written)
    return tuple(
        replace(note, start=start, length=end - start)
        for note, start, end in zip(notes, starts.tolist(), ends.tolist(), strict=True)
    )


def swung(beats, swing: float) -> np.ndarray:
    """Positions as they are written -> as they are played."""
    return _moved(beats, (0.0, 0.5, 1.0), (0.0, 0.5 + swing / 2, 1.0))


def _moved(beats, places: Sequence[float], moved_places: Sequence[float]) -> np.ndarray:
    beats = np.asarray(beats, float)
    whole = np.floor(beats)
    return whole + np.interp(beats - whole, places, moved_places)
