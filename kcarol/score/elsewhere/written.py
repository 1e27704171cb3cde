"""`Written`: what a score of any kind says, before it is a lead sheet.

Positions are in quarters as played: repeats are unfolded, and a first bar that begins with an
upbeat is as long as any other. Spans of `Note` and `Chord` are in quarters here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from kcarol.transcription.lead_sheet import Chord, Note, Span


class Unplayable(ValueError):
    """Why a score is no song: what was expected, what was found, and the way out."""

    def __init__(self, expected: str, found: str, way_out: str):
        super().__init__(f"expected {expected}, found {found}: {way_out}")
        self.reasons = expected, found, way_out


@dataclass(frozen=True)
class WrittenBar(Span):
    """A bar under the time signature `numerator`/`denominator`; shorter ones are cut off."""

    numerator: int
    denominator: int


@dataclass(frozen=True)
class WrittenPart:
    """What one staff plays, at sounding pitch."""

    name: str
    notes: tuple[Note, ...]  # sorted
    top: tuple[Note, ...]  # those of its highest voice, which may be chords
    is_sung: bool = False  # has lyrics


@dataclass(frozen=True)
class KeySignature:
    start: float  # quarters
    sharps: int  # of flats negative
    mode: str | None = None  # "major" or "minor", if the score says so


@dataclass(frozen=True)
class Written:
    """A score."""

    title: str
    bars: tuple[WrittenBar, ...]
    parts: tuple[WrittenPart, ...]
    symbols: tuple[Chord, ...] = ()  # chord symbols, each until the next; sorted
    tempos: tuple[tuple[float, float], ...] = ()  # quarter, quarters a minute; sorted
    marks: tuple[tuple[float, str], ...] = ()  # rehearsal marks
    edges: tuple[float, ...] = ()  # double bars and repeats
    keys: tuple[KeySignature, ...] = ()
    lead: float = 0.0  # quarters that the first bar lacks
    swing: float = 0.0  # as of LeadSheet

    @property
    def length(self) -> float:
        """Quarters."""
        return self.bars[-1].end

    @property
    def notes(self) -> list[Note]:
        return sorted(chain.from_iterable(part.notes for part in self.parts), key=_start)


def _start(note: Note) -> float:
    return note.start
