"""Low notes that ring under what follows: the bass of a waltz, or of a broken chord."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from itertools import chain, groupby, takewhile

from kcarol.transcription.lead_sheet import Note

PEDAL = 2.75  # quarters: what begins so soon after a low note may be over it
ABOVE = 3  # semitones, at least, above it
SHORT = 1.0  # quarters: notes of broken chords are shorter
BROKEN = 2  # notes over the low one


def pedalled(notes: Sequence[Note]) -> list[Note]:
    """Notes of one staff, of which a low one rings under the chords that follow (as in a waltz), or
    under the broken chord that it begins, as with the pedal.
    """
    groups = [list(group) for _, group in groupby(sorted(notes, key=_place), key=_start)]
    out = list(chain.from_iterable(groups))
    for number, group in enumerate(groups):
        low = group[0]
        last = bisect_left(groups, low.start + PEDAL, key=_start_of_group)
        over = list(takewhile(partial(_is_over, low), groups[number + 1 : last]))
        is_chord = len(group) == 1 and over and len(over[0]) > 1
        is_broken = len(over) >= BROKEN and max(n.length for n in (low, *chain(*over))) < SHORT
        end = max((after[0].end for after in over), default=low.end)
        if (is_chord or is_broken) and end > low.end:
            out.append(Note(low.start, end - low.start, low.pitch))
    return out


def _is_over(low: Note, group: Sequence[Note]) -> bool:
    return group[0].pitch >= low.pitch + ABOVE


def _start(note: Note) -> float:
    return note.start


def _place(note: Note) -> tuple[float, int]:
    return note.start, note.pitch


def _start_of_group(group: Sequence[Note]) -> float:
    return group[0].start
