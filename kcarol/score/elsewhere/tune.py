"""Which of a score's voices is the tune."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kcarol.score.elsewhere.written import Unplayable, Written, WrittenPart
from kcarol.transcription.lead_sheet import TOLERANCE, Note

NAMES = re.compile(
    r"melod|tune|lead|vocal|voice|vox|solo|sopran|cantus|canto|sing|gesang|노래|멜로디|보컬", re.I
)
LEAST_SHARE = 0.3  # of the score's time, in which a tune sounds


def tune_part(written: Written) -> WrittenPart:
    """The part that sings: the first with lyrics, else with a name of a tune, else the first that
    sounds for long. Unplayable for a score without notes.
    """
    sounding = [part for part in written.parts if part.top]
    if not sounding:
        raise Unplayable("a tune", "no notes of a pitch", "write one, or export it with its staff")
    least = LEAST_SHARE * max(sung_length(part.top) for part in sounding)
    lasting = [part for part in sounding if sung_length(part.top) >= least]
    for is_likely in (_is_sung, _has_a_tunes_name):
        for part in lasting:
            if is_likely(part):
                return part
    return lasting[0]


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


def accompaniment(written: Written, tune: WrittenPart) -> Sequence[Note]:
    """All notes but the tune's."""
    own = set(one_at_a_time(tune.top))
    return [
        note for part in written.parts for note in part.notes if part is not tune or note not in own
    ]
