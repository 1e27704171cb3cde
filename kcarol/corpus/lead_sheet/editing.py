"""Lead sheets cut, joined, moved to another key, or reduced to the band or the drums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kcarol.corpus.lead_sheet.chords import cut_chords, transpose_chord
from kcarol.transcription.lead_sheet import TOLERANCE, LeadSheet, Metre, Note, Section


def n_bars_of(sheet: LeadSheet) -> int:
    return len(sheet.bar_starts())


def cut_notes(
    notes: Iterable[Note], start: float, end: float, shift: float, semitones: int = 0
) -> list[Note]:
    """Notes that begin within [start, end) beats, cut there, moved by beats and by semitones."""
    return [
        Note(note.start + shift, min(note.length, end - note.start), note.pitch + semitones)
        for note in notes
        if start - 1e-9 <= note.start < end - 1e-9
    ]


def trim(sheet: LeadSheet, first_bar: int, n_bars: int) -> LeadSheet:
    """The bars [first_bar, first_bar + n_bars) of a sheet; fewer where it ends before.

    Raises ValueError where nothing is left.
    """
    edges = [*sheet.bar_starts().tolist(), sheet.n_beats]
    last_bar = min(first_bar + n_bars, len(edges) - 1)
    if not 0 <= first_bar < last_bar:
        raise ValueError(
            f"expected bars within the sheet's {n_bars_of(sheet)}, found {first_bar} to "
            f"{first_bar + n_bars}: ask for bars that it has"
        )
    return cut(sheet, edges[first_bar], edges[last_bar])


def cut(sheet: LeadSheet, start: float, end: float) -> LeadSheet:
    """The beats [start, end) of a sheet, from the beginning of a bar on."""
    notes = cut_notes(sheet.notes, start, end, -start)
    sections = []
    for section in sheet.sections:
        first = max(section.start, start) - start
        last = min(section.end, end) - start
        if last - first > 1e-9:
            is_sung = any(first - 1e-9 <= note.start < last - 1e-9 for note in notes)
            sections.append(replace(section, start=first, length=last - first, sung=is_sung))
    later = (metre for metre in sheet.changes if start + TOLERANCE < metre.start < end - TOLERANCE)
    return replace(
        sheet,
        beats_per_bar=sheet.metre_at(start).beats_per_bar,
        division=sheet.metre_at(start).division,
        changes=tuple(replace(metre, start=metre.start - start) for metre in later),
        notes=tuple(notes),
        chords=tuple(cut_chords(sheet.chords, start, end, -start)),
        sections=tuple(sections),
    )


def join(first: LeadSheet, second: LeadSheet) -> LeadSheet:
    """One sheet after the other; tempo, key, groove and title are the first's."""

    def joined(name: str) -> tuple:
        later = (replace(x, start=x.start + first.n_beats) for x in getattr(second, name))
        return (*getattr(first, name), *later)

    metres = [*first.metres, *joined("metres")[len(first.metres) :]]
    return replace(
        first,
        notes=joined("notes"),
        chords=joined("chords"),
        sections=joined("sections"),
        changes=changes_of(metres),
    )


def changes_of(metres: Iterable[Metre]) -> tuple[Metre, ...]:
    """The metres that differ from the one before; the first is no change."""
    changes: list[Metre] = []
    last: Metre | None = None
    for metre in metres:
        if last and (metre.beats_per_bar, metre.division) != (last.beats_per_bar, last.division):
            changes.append(metre)
        last = metre
    return tuple(changes)


def in_compound_time(sheet: LeadSheet, tempo_bpm: float) -> LeadSheet:
    """A sheet in three as 6/8 or 12/8 are written: each bar becomes a beat of three parts, two bars
    a bar of 6/8; unchanged where a section begins or ends within such a bar.
    """
    borders = [section.end for section in sheet.sections]
    if sheet.beats_per_bar != 3 or sheet.changes or any(border % 6 for border in borders):
        return sheet

    def scaled(spans: tuple) -> tuple:
        return tuple(replace(x, start=x.start / 3, length=x.length / 3) for x in spans)

    return replace(
        sheet,
        tempo_bpm=tempo_bpm,
        beats_per_bar=2,
        division=3,
        notes=scaled(sheet.notes),
        chords=scaled(sheet.chords),
        sections=scaled(sheet.sections),
        accents=(),
        swing=0.0,
    )


def transpose(sheet: LeadSheet, semitones: int) -> LeadSheet:
    """The sheet in another key: tune, chords, key."""
    return replace(
        sheet,
        key=(sheet.key + semitones) % 12,
        notes=tuple(replace(note, pitch=note.pitch + semitones) for note in sheet.notes),
        chords=tuple(transpose_chord(chord, semitones) for chord in sheet.chords),
    )


def instrumental(sheet: LeadSheet, name: str = "intro", energy: float = 0.4) -> LeadSheet:
    """The sheet without its tune, as one section that is not sung."""
    accents = sheet.sections[0].accents
    section = Section(name, 0.0, sheet.n_beats, energy, sung=False, accents=accents)
    return replace(sheet, notes=(), sections=(section,))


def drums_alone(sheet: LeadSheet, first_bar: int, n_bars: int, energy: float = 0.7) -> LeadSheet:
    """The sheet with some bars of only drums: no tune, silent chords, a section of `energy`."""
    bars = instrumental(trim(sheet, first_bar, n_bars), "drums", energy)
    out = replace(bars, chords=tuple(replace(chord, silent=True) for chord in bars.chords))
    if first_bar:
        out = join(trim(sheet, 0, first_bar), out)
    n_left = n_bars_of(sheet) - first_bar - n_bars
    return join(out, trim(sheet, first_bar + n_bars, n_left)) if n_left > 0 else out
