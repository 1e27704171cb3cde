"""The chords of a carol as they sound under its tune."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet, Note

LEAST_SPAN = 0.15  # beats: edges that are nearer to each other are one


@dataclass(frozen=True)
class SoundingChord(Chord):
    """A chord without the tones that a long note of the tune lies a semitone from."""

    omitted: tuple[int, ...] = ()  # pitch classes

    @property
    def full_classes(self) -> tuple[int, ...]:
        """Pitch classes of the whole chord, the root first."""
        return super().pitch_classes

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        return tuple(pc for pc in self.full_classes if pc not in self.omitted)


def sounding_harmony(sheet: LeadSheet, tune: Sequence[Note]) -> tuple[SoundingChord, ...]:
    """The chords from the beginning to the end of a sheet, equal neighbours as one.

    Where no chord is known the last one holds (the first, before it). Where a note of the tune
    lies a semitone from a chord tone for longer than an eighth, the chord tone gives way.
    """
    out: list[SoundingChord] = []
    for chord in _held(sheet):
        for part in _giving_way(chord, tune, sheet):
            if out and _named(out[-1]) == _named(part):
                out[-1] = replace(out[-1], length=part.end - out[-1].start)
            else:
                out.append(part)
    return tuple(out)


def eighth(sheet: LeadSheet, beat: float) -> float:
    """Beats that an eighth lasts."""
    return 1 / sheet.metre_at(beat).division


def clashes(pitch_class: int, pitch: int) -> bool:
    """Whether a pitch class lies a semitone from a pitch, in any octave."""
    return (pitch_class - pitch) % 12 in (1, 11)


def _held(sheet: LeadSheet) -> Iterable[SoundingChord]:
    """Chords, where none is known the last one, equal neighbours as one."""
    tonic = Chord(0.0, 0.0, sheet.key, "maj" if sheet.mode == "major" else "min")
    known = next((chord for chord in sheet.chords if not chord.silent), tonic)
    held: list[SoundingChord] = []
    for chord in sheet.chords:
        known = known if chord.silent else chord
        bass = None if known.bass == known.root else known.bass
        new = SoundingChord(chord.start, chord.length, known.root, known.quality, bass)
        if held and _named(held[-1]) == _named(new):
            held[-1] = replace(held[-1], length=new.end - held[-1].start)
        else:
            held.append(new)
    return held


def _named(chord: SoundingChord) -> tuple:
    return chord.root, chord.quality, chord.bass, chord.omitted


def _giving_way(
    chord: SoundingChord, tune: Sequence[Note], sheet: LeadSheet
) -> Iterable[SoundingChord]:
    """Parts of a chord, each without the tones that the tune clashes with in it."""
    notes = [note for note in tune if _overlap(chord, note) > eighth(sheet, note.start) + TOLERANCE]
    clashing = [n for n in notes if any(clashes(pc, n.pitch) for pc in chord.pitch_classes)]
    edges = _edges(chord, clashing)
    for start, end in zip(edges, edges[1:], strict=False):
        middle = (start + end) / 2
        under = [note for note in clashing if note.start < middle < note.end]
        omitted = {pc for pc in chord.pitch_classes for n in under if clashes(pc, n.pitch)}
        yield replace(chord, start=start, length=end - start, omitted=tuple(sorted(omitted)))


def _overlap(chord: Chord, note: Note) -> float:
    return min(chord.end, note.end) - max(chord.start, note.start)


def _edges(chord: Chord, notes: Iterable[Note]) -> list[float]:
    """Beginning and end of a chord, and those of notes in it that are not about the same."""
    edges = [chord.start]
    for edge in sorted({beat for note in notes for beat in (note.start, note.end)}):
        if edge - edges[-1] >= LEAST_SPAN and chord.end - edge >= LEAST_SPAN:
            edges.append(edge)
    return [*edges, chord.end]
