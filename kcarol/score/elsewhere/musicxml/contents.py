"""What the measures of a score hold, collected in the order of play."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kcarol.score.elsewhere.musicxml.chord_symbols import chord_of
from kcarol.score.elsewhere.musicxml.measures import PlayedMeasure, elements
from kcarol.score.elsewhere.musicxml.voices import VoiceNote, notes_of, tied
from kcarol.score.elsewhere.written import KeySignature, WrittenPart
from kcarol.transcription.lead_sheet import TOLERANCE, Chord

if TYPE_CHECKING:
    from music21.key import KeySignature as KeySignature21
    from music21.stream import Part

SWUNG = 1 / 3  # of triplets, as of LeadSheet


class Contents:
    """Of the measures added so far."""

    def __init__(self) -> None:
        self.notes: dict[int, list[VoiceNote]] = defaultdict(list)  # by part
        self.syllables: dict[int, int] = defaultdict(int)  # by part
        self.n_drums = 0  # notes without a pitch
        self.symbols: list[tuple[float, tuple | None]] = []  # start; root, quality, bass
        self.tempos: dict[float, float] = {}  # quarters a minute, by when they begin
        self.marks: list[tuple[float, str]] = []
        self.edges: set[float] = set()
        self.keys: list[KeySignature] = []
        self.swing = 0.0
        self._tempo_at: dict[int, float] = {}  # with which a measure begins, by its number

    def add_(self, played: PlayedMeasure) -> None:
        self._resume_tempo_(played)
        for part, measure in enumerate(played.columns):
            if measure is None:
                continue
            self.notes[part] += notes_of(measure, played.start)
            for offset, element in elements(measure):
                self.syllables[part] += bool(getattr(element, "lyrics", None))
                self._add_element_(played.start + offset, element)
        self.edges.update(played.edges())

    def _resume_tempo_(self, played: PlayedMeasure) -> None:
        """What comes back is as fast as before."""
        current = self.tempos[max(self.tempos)] if self.tempos else None
        known = self._tempo_at.get(played.number)
        if played.comes_back and known is not None:
            self.tempos[played.start] = known
        elif current is not None:
            self._tempo_at.setdefault(played.number, current)

    def _add_element_(self, start: float, element: Any) -> None:
        kinds = element.classSet
        if "Harmony" in kinds:
            self.symbols.append((start, chord_of(element)))
        elif "Unpitched" in kinds or "PercussionChord" in kinds:
            self.n_drums += 1
        elif "MetronomeMark" in kinds:
            bpm = element.getQuarterBPM()
            if bpm is not None:
                self.tempos[start] = float(bpm)
        elif "RehearsalMark" in kinds:
            self.marks.append((start, str(element.content)))
        elif "KeySignature" in kinds:
            self._add_key_(start, element)
        elif "TextExpression" in kinds and "swing" in str(element.content).lower():
            self.swing = SWUNG

    def _add_key_(self, start: float, signature: KeySignature21) -> None:
        mode = getattr(signature, "mode", None)
        mode = mode if mode in ("major", "minor") else None
        if not self.keys or self.keys[-1].start < start:
            self.keys.append(KeySignature(start, signature.sharps or 0, mode))

    def part(self, number: int, part: Part) -> WrittenPart:
        """Of a staff."""
        notes = tied(self.notes[number])
        return WrittenPart(
            part.partName or "",
            notes=tuple(note.plain for note in notes),
            top=tuple(note.plain for note in notes if note.rank == 0),
            is_sung=self.syllables[number] > 0,
        )

    def chords(self, end: float) -> Iterator[Chord]:
        """The chord symbols, each until the next; of several at once the first."""
        named: dict[float, tuple | None] = {}
        for start, name in sorted(self.symbols, key=_start):
            named.setdefault(start, name)
        for (start, name), stop in zip(named.items(), [*named, end][1:], strict=True):
            if stop - start > TOLERANCE:
                root, quality, bass = name or (0, "maj", None)
                yield Chord(start, stop - start, root, quality, bass, silent=name is None)


def _start(symbol: Sequence) -> float:
    return symbol[0]
