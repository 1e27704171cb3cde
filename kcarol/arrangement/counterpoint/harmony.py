"""The chords of a carol as they sound under its tune."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet, Note

LEAST_SPAN = 0.15  # beats: edges that are nearer to each other are one
LEAST_TONES = 2  # of a chord


@dataclass(frozen=True)
class SoundingChord(Chord):
    """A chord without the tones that a long note of the tune lies a semitone from."""

    omitted: tuple[int, ...] = ()  # pitch classes
    added: tuple[int, ...] = ()  # the tune's own, where too little of the chord is left

    @property
    def name(self) -> tuple:
        """What tells it from other chords."""
        return self.root, self.quality, self.bass, self.omitted, self.added

    @property
    def full_classes(self) -> tuple[int, ...]:
        """Pitch classes of the whole chord, the root first."""
        return super().pitch_classes

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        return (*(pc for pc in self.full_classes if pc not in self.omitted), *self.added)


def sounding_harmony(sheet: LeadSheet, tune: Sequence[Note]) -> tuple[SoundingChord, ...]:
    """The chords from the beginning to the end of a sheet, equal neighbours as one.

    Where no chord is known the last one holds (the first, before it). Where a note of the tune
    lies a semitone from a chord tone for longer than an eighth, the chord tone gives way.
    """
    out: list[SoundingChord] = []
    chords = _held(sheet)
    for chord, notes in zip(chords, _clashing(chords, tune, sheet), strict=True):
        for part in _giving_way(chord, notes):
            if out and out[-1].name == part.name:
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


def _held(sheet: LeadSheet) -> list[SoundingChord]:
    """Chords, where none is known the last one, equal neighbours as one."""
    tonic = Chord(0.0, 0.0, sheet.key, "maj" if sheet.mode == "major" else "min")
    known = next((chord for chord in sheet.chords if not chord.silent), tonic)
    held: list[SoundingChord] = []
    for chord in sheet.chords:
        known = known if chord.silent else chord
        bass = None if known.bass == known.root else known.bass
        new = SoundingChord(chord.start, chord.length, known.root, known.quality, bass)
        if held and held[-1].name == new.name:
            held[-1] = replace(held[-1], length=new.end - held[-1].start)
        else:
            held.append(new)
    return held


def _clashing(
    chords: Sequence[SoundingChord], tune: Iterable[Note], sheet: LeadSheet
) -> list[list[Note]]:
    """For each chord the notes that lie a semitone from a tone for longer than an eighth; a tone
    that neighbouring chords share counts as one.
    """
    starts = [chord.start for chord in chords]
    found: list[list[Note]] = [[] for _ in chords]
    for note in tune:
        first, stop = bisect_right(starts, note.start) - 1, bisect_left(starts, note.end)
        for pc in ((note.pitch - 1) % 12, (note.pitch + 1) % 12):
            bearing = [n for n in range(max(0, first), stop) if pc in _classes(chords[n])]
            length = sum(_overlap(chords[n], note) for n in bearing)
            if length > eighth(sheet, note.start) + TOLERANCE:
                for number in bearing:
                    found[number].append(note)
    return found


def _classes(chord: SoundingChord) -> tuple[int, ...]:
    return *chord.full_classes, chord.bass_class


def _giving_way(chord: SoundingChord, notes: Sequence[Note]) -> Iterable[SoundingChord]:
    """Parts of a chord, each without the tones that the notes in it clash with."""
    for start, end in pairwise(_edges(chord, notes)):
        middle = (start + end) / 2
        under = [note for note in notes if note.start < middle < note.end]
        yield _without(replace(chord, start=start, length=end - start), under)


def _without(chord: SoundingChord, notes: Iterable[Note]) -> SoundingChord:
    """A chord without what notes clash with; if next to nothing is left, with the notes' own."""
    classes = {note.pitch % 12 for note in notes}
    omitted = {pc for pc in _classes(chord) if any(clashes(pc, sung) for sung in classes)}
    left = set(chord.full_classes) - omitted
    added = classes - left if len(left) < LEAST_TONES else ()
    return replace(chord, omitted=tuple(sorted(omitted)), added=tuple(sorted(added)))


def _overlap(chord: Chord, note: Note) -> float:
    return min(chord.end, note.end) - max(chord.start, note.start)


def _edges(chord: Chord, notes: Iterable[Note]) -> list[float]:
    """Beginning and end of a chord, and those of notes in it that are not about the same."""
    edges = [chord.start]
    for edge in sorted({beat for note in notes for beat in (note.start, note.end)}):
        if edge - edges[-1] >= LEAST_SPAN and chord.end - edge >= LEAST_SPAN:
            edges.append(edge)
    return [*edges, chord.end]
