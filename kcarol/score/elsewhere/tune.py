"""Which of a score's voices is the tune."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from kcarol.score.elsewhere.harmony.pedal import pedalled
from kcarol.score.elsewhere.written import Unplayable, Written, WrittenPart
from kcarol.transcription.lead_sheet import TOLERANCE, Note

NAMES = re.compile(
    r"melod|tune|lead|vocal|voice|vox|solo|sopran|cantus|canto|sing|gesang|노래|멜로디|보컬", re.I
)
LONG_REST = 8.0  # quarters, in which somebody else may sing
LEAST_SHARE = 0.3  # of the score's time, in which a tune sounds


def tune_of(written: Written) -> tuple[Note, ...]:
    """The tune's notes: of the part that sings, and where it rests for long of others that sing.

    Unplayable for a score without notes.
    """
    sounding = [part for part in written.parts if part.top]
    if not sounding:
        raise Unplayable("a tune", "no notes of a pitch", "write one, or export it with its staff")
    first = tune_part(sounding)
    tune = one_at_a_time(first.top)
    for part in sounding:
        if first.is_sung and part.is_sung and part is not first:
            tune = _filled(tune, one_at_a_time(part.top))
    return tune


def tune_part(parts: Sequence[WrittenPart]) -> WrittenPart:
    """The first with lyrics, else with a name of a tune, else the first that sounds for long."""
    least = LEAST_SHARE * max(sung_length(part.top) for part in parts)
    lasting = [part for part in parts if sung_length(part.top) >= least]
    for is_likely in (_is_sung, _has_a_tunes_name):
        for part in lasting:
            if is_likely(part):
                return part
    return lasting[0]


def _filled(tune: Sequence[Note], other: Sequence[Note]) -> tuple[Note, ...]:
    """A tune with another's notes where it rests for LONG_REST, and these last as long."""
    edges = [0.0, *(edge for note in tune for edge in (note.start, note.end)), np.inf]
    added: list[Note] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        inside = [note for note in other if note.start >= start and note.end <= end]
        if inside and end - start >= LONG_REST and inside[-1].end - inside[0].start >= LONG_REST:
            added += inside
    return tuple(sorted([*tune, *added], key=_top_first))


def _is_sung(part: WrittenPart) -> bool:
    return part.is_sung


def _has_a_tunes_name(part: WrittenPart) -> bool:
    return bool(NAMES.search(part.name))


def sung_length(notes: Iterable[Note]) -> float:
    return sum(note.length for note in one_at_a_time(notes))


def one_at_a_time(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The highest of notes that begin together, each until the next begins; what begins below a
    note that is held does not count.
    """
    out: list[Note] = []
    for note in sorted(notes, key=_top_first):
        last = out[-1] if out else None
        if last is None or note.start >= last.end - TOLERANCE:
            out.append(note)
        elif note.start > last.start + TOLERANCE and note.pitch >= last.pitch:
            out[-1] = Note(last.start, note.start - last.start, last.pitch)
            out.append(note)
    return tuple(out)


def _top_first(note: Note) -> tuple[float, int]:
    return note.start, -note.pitch


def accompaniment(written: Written, tune: Iterable[Note]) -> list[Note]:
    """All notes but the tune's, as they ring."""
    own = set(tune)
    others = ([note for note in part.notes if note not in own] for part in written.parts)
    return [note for notes in others for note in pedalled(notes)]
