"""Four voices of a lead sheet: the tune, and alto, tenor and bass that follow the chords.

The voicings of all chords are chosen together, by dynamic programming over the costs of
`voice_leading`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kcarol.arrangement.counterpoint.cheapest_way import cheapest_way
from kcarol.arrangement.counterpoint.harmony import (
    LEAST_SPAN,
    SoundingChord,
    eighth,
    sounding_harmony,
)
from kcarol.arrangement.counterpoint.passing_notes import with_passing_notes
from kcarol.arrangement.counterpoint.tune import BREATH, in_one_register, phrases, tied
from kcarol.arrangement.counterpoint.voice_leading import SOPRANO, Slot, motion_cost, voicings_of
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Note


@dataclass(frozen=True)
class FourParts:
    """Four voices in beats, concert pitch, each one note at a time."""

    soprano: tuple[Note, ...]  # the tune, in one register over the song, with its rests
    alto: tuple[Note, ...]
    tenor: tuple[Note, ...]
    bass: tuple[Note, ...]
    upper: tuple[Note, ...]  # the highest voice of the harmony where the tune rests
    harmony: tuple[SoundingChord, ...]  # from beginning to end


def four_parts(sheet: LeadSheet) -> FourParts:
    tune = in_one_register(sheet.notes)
    harmony = sounding_harmony(sheet, tune)
    slots = _slots(sheet, harmony, tune)
    voices = _voicings(slots)
    soprano, alto, tenor, bass = (
        [Note(slot.start, slot.length, pitch) for slot, pitch in zip(slots, line, strict=True)]
        for line in voices.T.tolist()
    )
    upper = [note for note, slot in zip(soprano, slots, strict=True) if not slot.tune]
    walking = with_passing_notes(tied(bass), sheet, (tune, tied(upper)), (alto, tenor))
    return FourParts(tune, tied(alto), tied(tenor), walking, tied(upper), harmony)


def _slots(sheet: LeadSheet, harmony: Sequence[SoundingChord], tune: Sequence[Note]) -> list[Slot]:
    """Chords, cut at bars."""
    bars = sheet.bar_starts()
    starts = [note.start for note in tune]
    slots = []
    for chord in harmony:
        inner = bars[(bars > chord.start + LEAST_SPAN) & (bars < chord.end - LEAST_SPAN)]
        for start, end in pairwise([chord.start, *inner.tolist(), chord.end]):
            first = max(0, bisect_right(starts, start) - 1)
            stop = bisect_right(starts, end)
            slots.append(_slot(sheet, chord, start, end, tune[first:stop]))
    return _with_cadences(slots, [phrase[-1].start for phrase in phrases(tune)])


def _slot(
    sheet: LeadSheet, chord: SoundingChord, start: float, end: float, notes: Sequence[Note]
) -> Slot:
    """One slot; notes that only touch it do not count. In a breath the last note counts."""
    least = min(LEAST_SPAN, (end - start) / 2)
    sung = {note: min(note.end, end) - max(note.start, start) for note in notes}
    sung = {note: length for note, length in sung.items() if length > least - TOLERANCE}
    if not sung and end - start < BREATH:
        sung = {note: end - start for note in notes[:1]}
    held = [note for note, length in sung.items() if length > eighth(sheet, start) + TOLERANCE]
    leading_note = (sheet.key + 11) % 12
    return Slot(
        start,
        end - start,
        chord,
        tuple(note.pitch for note in sung),
        max(sung, key=sung.__getitem__).pitch if sung else None,
        leading_note,
        sings_leading_note=any(note.pitch % 12 == leading_note for note in held),
        is_at_rest=start <= TOLERANCE or end >= sheet.n_beats - TOLERANCE,
    )


def _with_cadences(slots: Sequence[Slot], last_notes: Sequence[float]) -> list[Slot]:
    """The slots; those in which a phrase has its last note, and those before them, close."""
    starts = np.array([slot.start for slot in slots])
    last = np.searchsorted(starts, np.array(last_notes) + LEAST_SPAN, side="right") - 1
    closing = {*last.tolist(), *(last - 1).tolist()}
    return [replace(slot, closes=number in closing) for number, slot in enumerate(slots)]


def _voicings(slots: Sequence[Slot]) -> np.ndarray:
    """(N, 4) voicings of N slots whose costs and motions are cheapest together."""
    known = {slot.key: voicings_of(slot) for slot in slots}
    pairs = {(before.key, after.key): (before, after) for before, after in pairwise(slots)}
    ways = {
        keys: _ways(known[keys[0]][0], known[keys[1]][0], *pair) for keys, pair in pairs.items()
    }
    chosen = cheapest_way(
        [known[slot.key][1] for slot in slots],
        [ways[before.key, after.key] for before, after in pairwise(slots)],
    )
    return np.array([known[s.key][0][number] for s, number in zip(slots, chosen, strict=True)])


def _ways(before: np.ndarray, after: np.ndarray, earlier: Slot, later: Slot) -> np.ndarray:
    """(K, L) costs of motion; the tune leaves by its last note and enters by its first."""
    before, after = before.copy(), after.copy()
    if earlier.tune:
        before[:, SOPRANO] = earlier.tune[-1]
    if later.tune:
        after[:, SOPRANO] = later.tune[0]
    is_free = not earlier.tune and not later.tune
    return motion_cost(before, after, (earlier, later), is_free)
