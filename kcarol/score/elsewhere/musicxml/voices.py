"""The notes of a staff: its voices, the highest first, and ties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kcarol.score.elsewhere.written import Unplayable
from kcarol.transcription.lead_sheet import TOLERANCE, Note

if TYPE_CHECKING:
    from music21.note import Note as M21Note
    from music21.stream import Measure, Stream


@dataclass(frozen=True)
class VoiceNote(Note):
    """A note, maybe tied; in quarters."""

    tie: str | None = None  # start, continue or stop
    rank: int = 0  # of its voice in the measure, 0 the highest

    @property
    def plain(self) -> Note:
        return Note(self.start, self.length, self.pitch)


def notes_of(measure: Measure, start: float) -> list[VoiceNote]:
    """All notes of a measure that begins at a quarter."""
    voices = [*measure.voices, measure]
    sounding = [notes for voice in voices if (notes := list(_soundings(voice)))]
    sounding.sort(key=_mean_pitch, reverse=True)
    return [
        replace(note, start=start + note.start, rank=rank)
        for rank, notes in enumerate(sounding)
        for note in notes
    ]


def _soundings(voice: Stream) -> Iterator[VoiceNote]:
    """Notes of a voice, without grace notes and drums."""
    shift = float(voice.offset) if "Voice" in voice.classSet else 0.0
    for element in voice.getElementsByClass(["Note", "Chord"]):
        length = float(element.duration.quarterLength)
        if "Harmony" in element.classSet or element.duration.isGrace or length <= TOLERANCE:
            continue
        for note in element.notes if "Chord" in element.classSet else [element]:
            tie = note.tie.type if note.tie else None
            yield VoiceNote(shift + float(element.offset), length, _midi(note), tie)


def _midi(note: M21Note) -> int:
    pitch = note.pitch.ps
    if abs(pitch - round(pitch)) > TOLERANCE:
        name = note.pitch.nameWithOctave
        raise Unplayable("semitones", f"a microtone ({name})", "write it as the nearest semitone")
    return round(pitch)


def _mean_pitch(notes: Sequence[Note]) -> float:
    return sum(note.pitch for note in notes) / len(notes)


def tied(notes: Sequence[VoiceNote]) -> list[VoiceNote]:
    """Notes of a staff, sorted, tied ones as one."""
    out: list[VoiceNote] = []
    held: dict[int, int] = {}  # by pitch, the number of the note from which a tie goes on
    for note in sorted(notes, key=_place):
        number = held.pop(note.pitch, len(out))
        is_held = number < len(out) and abs(out[number].end - note.start) < TOLERANCE
        if note.tie in ("continue", "stop") and is_held:
            out[number] = replace(out[number], length=note.end - out[number].start)
        else:
            number = len(out)
            out.append(note)
        if note.tie in ("start", "continue"):
            held[note.pitch] = number
    return out


def _place(note: VoiceNote) -> tuple[float, int, int]:
    return note.start, note.rank, -note.pitch
