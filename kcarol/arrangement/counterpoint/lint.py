"""What a teacher would mark in written parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain, pairwise

import numpy as np

from kcarol.arrangement.counterpoint.added_lines import COUNTER_LINE, DESCANT, counter_line, descant
from kcarol.arrangement.counterpoint.two_voices import (
    TOGETHER,
    clash_length,
    crossings,
    overlapping,
    parallels,
)
from kcarol.arrangement.counterpoint.voice_leading import RANGES
from kcarol.arrangement.played_notes import instrument_of
from kcarol.arrangement.voices import FourParts
from kcarol.model.instruments import Instrument
from kcarol.transcription.lead_sheet import LeadSheet, Note, Part, TimeGrid

BROKEN = "broken"  # figure of chords whose tones come one after another, in the names of parts
BROKEN_BEATS = 4.0  # over which such a chord is heard as one
MOSTLY = 0.8  # share of the notes of a part that doubles the tune
TUNE_RANGE = (55, 86)  # MIDI: what is sung and played on top, seen generously


@dataclass(frozen=True)
class Marks:
    """Counts, but for the clashes. Added together they are those of more songs."""

    n_bars: float = 0
    parallels: int = 0  # fifths and octaves of the outer voices
    out_of_range: int = 0  # notes that an instrument or a voice does not have
    crossings: int = 0  # a lower voice above a higher one
    doubled_leading_notes: int = 0
    hanging: int = 0  # notes that end after the song
    too_many_notes: int = 0  # strokes of more keys than a player has hands for
    tune_length: float = 0.0  # how long the tune sounds, in the parts' unit of time
    clash_length: float = 0.0  # of it, a semitone from another part for longer than an eighth

    def __add__(self, other: Marks) -> Marks:
        return Marks(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def clash_share(self) -> float:
        return self.clash_length / max(self.tune_length, 1e-9)

    def per_100_bars(self) -> dict[str, float]:
        names = (f.name for f in fields(self) if not f.name.endswith("length"))
        counts = {n: 100 * getattr(self, n) / max(self.n_bars, 1) for n in names if n != "n_bars"}
        return {**counts, "clash_share": self.clash_share}


def lint_voices(parts: FourParts, sheet: LeadSheet) -> Marks:
    """Marks in four voices, in beats."""
    below = parts.alto, parts.tenor, parts.bass
    eighth = 1 / sheet.division
    return Marks(
        n_bars=len(sheet.bar_starts()),
        parallels=sum(
            len(parallels(line, parts.bass, TOGETHER)) for line in (parts.soprano, parts.upper)
        ),
        out_of_range=_out_of_voice(parts),
        crossings=sum(
            len(crossings(high, low, TOGETHER)) for high, low in pairwise((parts.soprano, *below))
        )
        + len(crossings(parts.upper, parts.alto, TOGETHER)),
        doubled_leading_notes=_doubled_leading_notes(parts, sheet),
        hanging=_ending_after([note for line in below for note in line], sheet.n_beats),
        tune_length=sum(note.length for note in parts.soprano),
        clash_length=clash_length(parts.soprano, [n for line in below for n in line], eighth),
    )


def lint_added_lines(parts: FourParts, sheet: LeadSheet) -> Marks:
    """Marks in the counter-line and the descant, against tune and bass, in beats."""
    lines = (descant(parts, sheet), DESCANT), (counter_line(parts, sheet), COUNTER_LINE)
    (high, _), (low, _) = lines
    tune, bass = parts.soprano, parts.bass
    pairs = (high, tune), (high, bass), (tune, low), (low, bass)
    return Marks(
        n_bars=len(sheet.bar_starts()),
        parallels=sum(len(parallels(*pair, TOGETHER)) for pair in pairs),
        out_of_range=sum(
            not rules.lowest <= note.pitch <= rules.highest
            for line, rules in lines
            for note in line
        ),
        crossings=sum(len(crossings(*pair, TOGETHER)) for pair in pairs),
        hanging=_ending_after([*high, *low], sheet.n_beats),
        tune_length=sum(note.length for note in tune),
        clash_length=clash_length(tune, [*high, *low], 1 / sheet.division),
    )


def lint_parts(
    parts: Sequence[Part], sheet: LeadSheet, grid: TimeGrid, tune: Iterable[Note]
) -> Marks:
    """Marks in the parts of instruments, in seconds; `tune` in beats, as the carol has it.

    The outer voices are the tune and the lowest note of all other parts.
    """
    beat_s = float(np.median(np.diff(grid.beat_times_s)))
    sung = [_timed(note, grid) for note in tune]
    played = [(instrument_of(part), _notes(part)) for part in parts]
    pitched = [notes for instrument, notes in played if instrument.n_keys > 1]
    others = [
        (part.name, _remembered(notes, beat_s))
        for part, (instrument, notes) in zip(parts, played, strict=True)
        if instrument.n_keys > 1 and not _doubles(notes, sung, TOGETHER * beat_s)
    ]
    below = lowest_line(sorted(chain(*(notes for _, notes in others)), key=_start), sung)
    return Marks(
        n_bars=len(sheet.bar_starts()),
        parallels=len(_parallels_of_a_part(sung, below, others, beat_s)),
        out_of_range=sum(
            not who.lowest <= note.pitch <= who.highest for who, notes in played for note in notes
        ),
        crossings=len(crossings(sung, below, TOGETHER * beat_s)),
        hanging=_ending_after([note for _, notes in played for note in notes], grid.length_s),
        too_many_notes=sum(_too_many(who, notes, TOGETHER * beat_s) for who, notes in played),
        tune_length=sum(note.length for note in sung),
        clash_length=clash_length(sung, list(chain(*pitched)), beat_s / sheet.division),
    )


def _timed(note: Note, grid: TimeGrid) -> Note:
    start_s = float(grid.time_s(note.start))
    return Note(start_s, float(grid.end_s(note.end)) - start_s, note.pitch)


def _notes(part: Part) -> list[Note]:
    return sorted((Note(s.start_s, s.length_s, round(s.pitch)) for s in part.strokes), key=_start)


def _remembered(notes: Sequence[Note], beat: float) -> list[Note]:
    """Notes until the part's next stroke, at most a beat longer: a detached bass is no rest."""
    starts = np.unique([note.start for note in notes])
    following = np.append(starts, np.inf)[np.searchsorted(starts, [n.start for n in notes]) + 1]
    ends = np.minimum(following, [note.end + beat for note in notes])
    return [
        Note(note.start, max(note.length, end - note.start), note.pitch)
        for note, end in zip(notes, ends.tolist(), strict=True)
    ]


def _parallels_of_a_part(
    tune: Sequence[Note],
    below: Sequence[Note],
    parts: Sequence[tuple[str, list[Note]]],
    beat: float,
) -> set[float]:
    """Where the lowest line moves in parallels that one part plays: from the last note of a broken
    chord to another note no voice moves.
    """
    found = set(parallels(tune, below, TOGETHER * beat))
    if not found:
        return found
    lines = (
        lowest_line(_standing(notes, beat) if BROKEN in name else notes, tune)
        for name, notes in parts
    )
    led = (parallels(tune, line, TOGETHER * beat) for line in lines)
    return found & set(chain.from_iterable(led))


def _standing(notes: Sequence[Note], beat: float) -> list[Note]:
    """Notes of a broken chord until it comes down to them again: it stands on its lowest note."""
    starts = np.array([note.start for note in notes])
    pitches = np.array([note.pitch for note in notes])
    out = []
    for note in notes:
        last = note.end + BROKEN_BEATS * beat
        comes = (starts > note.start) & (starts < last) & (pitches <= note.pitch)
        end = max(note.end, min(starts[comes].tolist(), default=last))
        out.append(Note(note.start, end - note.start, note.pitch))
    return out


def _doubles(notes: Sequence[Note], tune: Sequence[Note], together: float) -> bool:
    """Whether a part plays little but the tune, in whatever octave."""
    starts = np.array([note.start for note in tune] or [np.inf])
    nearest = [int(np.abs(starts - note.start).argmin()) for note in notes]
    same = [
        abs(starts[i] - note.start) <= together and (tune[i].pitch - note.pitch) % 12 == 0
        for note, i in zip(notes, nearest, strict=True)
    ]
    return np.mean(same or [0.0]) > MOSTLY


def _start(note: Note) -> float:
    return note.start


# --- one voice, one instrument


def lowest_line(notes: Sequence[Note], tune: Sequence[Note]) -> list[Note]:
    """The lowest of all notes just after each beginning of a note or of a tune's note."""
    edges = sorted({note.start for note in notes} | {note.start for note in tune})
    line: list[Note] = []
    starts = [note.start for note in notes]
    longest = max((note.length for note in notes), default=0.0)
    for start, end in pairwise([*edges, max((n.end for n in notes), default=0.0)]):
        near = notes[bisect_right(starts, start - longest) : bisect_right(starts, start)]
        pitch = min((note.pitch for note in near if note.end > start + 1e-6), default=None)
        if pitch is None:
            continue
        if line and line[-1].pitch == pitch:
            line[-1] = Note(line[-1].start, end - line[-1].start, pitch)
        else:
            line.append(Note(start, end - start, pitch))
    return line


def _out_of_voice(parts: FourParts) -> int:
    ranges = {**RANGES, "upper": RANGES["soprano"], "soprano": TUNE_RANGE}
    return sum(
        not lowest <= note.pitch <= highest
        for voice, (lowest, highest) in ranges.items()
        for note in getattr(parts, voice)
    )


def _doubled_leading_notes(parts: FourParts, sheet: LeadSheet) -> int:
    """Chords on V or VII in which two voices have the leading note for longer than an eighth."""
    leading = (sheet.key + 11) % 12
    lines = [[n for n in line if n.pitch % 12 == leading] for line in _four(parts)]
    dominant = [c for c in parts.harmony if (c.root - sheet.key) % 12 in (7, 11)]
    pairs = [
        max(a.start, b.start)
        for i, high in enumerate(lines)
        for low in lines[i + 1 :]
        for a, b in overlapping(high, low, 1 / sheet.division)
    ]
    return sum(any(chord.start <= beat < chord.end for beat in pairs) for chord in dominant)


def _four(parts: FourParts) -> tuple[tuple[Note, ...], ...]:
    return parts.soprano, parts.alto, parts.tenor, parts.bass


def _ending_after(notes: Iterable[Note], end: float) -> int:
    return sum(note.end > end + TOGETHER for note in notes)


def _too_many(who: Instrument, notes: Sequence[Note], together: float) -> int:
    """Strokes at which a player strikes, or holds, more keys than `most_notes`."""
    counts: list[int] = []
    starts = np.array([note.start for note in notes])
    ends = np.array([note.end for note in notes])
    for start in np.unique(starts):
        struck = np.abs(starts - start) <= together / 2
        held = (starts <= start) & (ends > start + together)
        counts.append(int((struck if who.rings else held).sum()))
    return sum(count > who.most_notes for count in counts)
