"""The score of what another program wrote: tune, chords, key, form and tempo of `Written`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcarol.score.elsewhere.beats import BeatAxis
from kcarol.score.elsewhere.form import sections_of
from kcarol.score.elsewhere.harmony.harmonised import harmonised
from kcarol.score.elsewhere.harmony.key import key_of
from kcarol.score.elsewhere.harmony.roll import Roll
from kcarol.score.elsewhere.tune import accompaniment, sung_length, tune_of
from kcarol.score.elsewhere.written import Unplayable, Written
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TOLERANCE, Chord, LeadSheet, Note
from kcarol.transcription.notation import groove_of

LONGEST_S = 2 * 3600.0
MOST_QUARTERS = 50_000  # as of MIDI
ACCOMPANIED = 0.5  # of the tune's time, in which other notes sound: then chords are read from them

SPARSE_BARS = 8  # a chord symbol, from which on they are by chance


def score_of(written: Written) -> Score:
    """Its tune, with its chord symbols; without, with the chords that all voices sound; of a tune
    alone with chords that suit it. Unplayable for what is no song.
    """
    if written.bars[-1].end > MOST_QUARTERS:
        found = f"{written.bars[-1].end:,.0f} with their repeats"
        raise Unplayable(f"at most {MOST_QUARTERS:,} quarter notes", found, "give a shorter piece")
    axis = BeatAxis.of(written)
    if axis.times_s[-1] > LONGEST_S:
        raise Unplayable(
            f"at most {LONGEST_S / 3600:g} hours",
            f"{axis.times_s[-1] / 3600:.1f} with its repeats",
            "give a shorter piece",
        )
    written_tune = tune_of(written)
    tune = _in_beats(written_tune, axis)
    others = _in_beats(accompaniment(written, written_tune), axis)
    roll = Roll.of([*tune, *others], tune, axis)
    key, mode = key_of(written, roll)
    sheet = LeadSheet(
        written.title,
        axis.tempo_bpm,
        axis.metres[0].beats_per_bar,
        key,
        mode,
        tune,
        chords=(Chord(0.0, float(axis.n_beats), key, "maj" if mode == "major" else "min"),),
        sections=(),
        swing=written.swing,
        division=axis.metres[0].division,
        changes=axis.metres[1:],
    )
    sheet = replace(sheet, chords=_chords(written, sheet, roll, others, axis))
    sections = sections_of(written, sheet, axis)
    if others:
        strokes = np.array(sorted({note.start for note in others}))
        sections = tuple(
            replace(section, accents=groove_of(section, strokes, sheet)) for section in sections
        )
    return Score.of_sheet(replace(sheet, sections=sections), axis.grid(written.swing))


def _in_beats(notes: Sequence[Note], axis: BeatAxis) -> tuple[Note, ...]:
    timed = ((axis.beats_at(note.start), axis.beats_at(note.end), note.pitch) for note in notes)
    return tuple(Note(start, end - start, pitch) for start, end, pitch in sorted(timed))


def _chords(
    written: Written, sheet: LeadSheet, roll: Roll, others: Sequence[Note], axis: BeatAxis
) -> tuple[Chord, ...]:
    if has_symbols(written):
        return _of_symbols(written, sheet, axis)
    if sung_length(others) >= ACCOMPANIED * sung_length(sheet.notes):
        return roll.chords(axis, sheet.key)
    return harmonised(sheet)


def has_symbols(written: Written) -> bool:
    """Whether chord symbols go through a score, and are not one or two by chance."""
    n_chords = sum(not symbol.silent for symbol in written.symbols)
    return n_chords > 0 and len(written.bars) <= SPARSE_BARS * n_chords


def _of_symbols(written: Written, sheet: LeadSheet, axis: BeatAxis) -> tuple[Chord, ...]:
    """The chord symbols in beats; before the first no chord sounds."""
    chords: list[Chord] = []
    for symbol in written.symbols:
        # what an upbeat lacks belongs to its chord
        first = 0.0 if symbol.start <= written.lead + TOLERANCE else symbol.start
        start, end = axis.beats_at(first), axis.beats_at(symbol.end)
        chord = replace(symbol, start=start, length=end - start)
        last = chords[-1] if chords else None
        if last and _name(last) == _name(chord):
            chords[-1] = replace(last, length=end - last.start)
        else:
            chords.append(chord)
    if chords[0].start > TOLERANCE:
        chords.insert(0, Chord(0.0, chords[0].start, sheet.key, silent=True))
    return tuple(chords)


def _name(chord: Chord) -> tuple:
    return (None,) if chord.silent else (chord.root, chord.quality, chord.bass_class)
