"""What a file's notation says, with what was written beside it.

A note that is found where it was written, with its length, gets its exact timing back; the others
play as they are notated, in time with the record. So do chords and sections. Bars keep their beats.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np

from kcarol.config import AudioConfig
from kcarol.score.extras import Written, written_of
from kcarol.score.musicxml.spelling import signature
from kcarol.score.notated import PER_QUARTER, Paper
from kcarol.score.score import RING_S, Score
from kcarol.score.swing import heard_swing, swung
from kcarol.transcription.lead_sheet import (
    TOLERANCE,
    BarShape,
    Chord,
    LeadSheet,
    Note,
    Section,
    Span,
    TimeGrid,
    Vowel,
)
from kcarol.transcription.notation import LEAD_S


def with_extras(read: Score, text: str) -> Score:
    """What was written, where the file still says it; else what `read` from its notation says.

    ValueError, whose message is what was found, for a text that is no such score.
    """
    written = written_of(text)
    frame = _frame_of(read, written.score)
    notes, is_same = _notes(read, written, frame)
    sheet = replace(
        frame.score.sheet,
        title=read.sheet.title or written.score.sheet.title,
        notes=notes,
        chords=_chords(read, written, frame),
        sections=_sections(read, written, frame),
        text=_text(written, frame),
    )
    old = written.score.sheet
    if signature(read.sheet.key, read.sheet.mode) != signature(old.key, old.mode):
        sheet = replace(sheet, key=read.sheet.key, mode=read.sheet.mode)
    if not is_same:
        sheet = replace(sheet, sections=_sung(sheet))
    return replace(frame.score, sheet=sheet)


@dataclass(frozen=True)
class _Frame:
    """Bars and beats of the merged score, and how positions get there."""

    score: Score  # its notes, chords and sections do not count
    paper: Paper
    read: Paper
    written: Paper
    is_as_written: bool
    heard_swing: float

    def of_read(self, span: Any) -> Any:
        return self._moved(span, self.read)

    def of_read_note(self, note: Note) -> Note:
        """Swung, as its neighbours were heard."""
        moved = self.of_read(note)
        start, end = swung([moved.start, moved.end], self.heard_swing).tolist()
        return replace(moved, start=start, length=end - start)

    def of_written(self, span: Any) -> Any:
        return span if self.is_as_written else self._moved(span, self.written)

    def _moved(self, span: Any, paper: Paper) -> Any:
        start, end = self.paper.beats(paper.quarters([span.start, span.end])).tolist()
        return replace(span, start=start, length=end - start)


def _frame_of(read: Score, written: Score) -> _Frame:
    """The bars as written; where bars were taken out or added, those that were read, at the times
    of the beats that were written.
    """
    old, new = Paper.of(written), Paper.of(read)
    swing = heard_swing(written.sheet)
    if bars_stand(read, old, new):
        return _Frame(written, old, new, old, True, swing)
    metre = new.bars[0].metre
    sheet = replace(
        written.sheet,
        beats_per_bar=metre.beats_per_bar,
        division=metre.division,
        changes=read.sheet.changes,
        accents=written.sheet.accents if metre.parts_per_bar == len(written.sheet.accents) else (),
        bars=_bar_shapes(written.sheet.bars, old, new),
    )
    times_s = beat_times_s(written.grid, old, new, len(read.grid.beat_times_s))
    grid = replace(
        written.grid, beat_times_s=times_s, beats_per_bar=metre.beats_per_bar, pauses_s=None
    )
    return _Frame(_as_long_as(grid, replace(written, sheet=sheet)), new, new, old, False, swing)


def bars_stand(read: Score, old: Paper, new: Paper) -> bool:
    """Whether the bars are those that were written; a last, short one may be filled with rests."""
    shapes = [[(bar.start, bar.metre.division) for bar in paper.bars] for paper in (old, new)]
    last_beat = max((note.end for note in read.sheet.notes), default=0.0)
    excess = new.edge_quarters[-1] - old.edge_quarters[-1]
    is_filled = 0 <= excess and new.quarters(last_beat) <= old.edge_quarters[-1] + TOLERANCE
    return shapes[0] == shapes[1] and (abs(excess) < TOLERANCE or bool(is_filled))


def beat_times_s(grid: TimeGrid, old: Paper, new: Paper, n_times: int) -> np.ndarray:
    """(n_times,) of the beats of `new` at the places of `old`, which goes on at its own pace."""
    beats = np.minimum(np.arange(n_times), new.edge_beats[-1])
    quarters = new.quarters(beats)
    old_times_s = np.interp(
        old.beats(quarters), np.arange(len(grid.beat_times_s)), grid.beat_times_s
    )
    places = old.quarters(np.arange(len(grid.beat_times_s)))
    steps = np.diff(places) > 0
    pace_s = float(np.median(np.diff(grid.beat_times_s)[steps] / np.diff(places)[steps]))
    times_s = old_times_s + pace_s * np.maximum(0, quarters - old.edge_quarters[-1])
    lead = round(new.bars[0].first_beat)
    times_s += max(0.0, LEAD_S * lead - float(times_s[0]))
    times_s[:lead] -= LEAD_S * np.arange(lead, 0, -1)
    return times_s


def _bar_shapes(shapes: Sequence[BarShape], old: Paper, new: Paper) -> tuple[BarShape, ...]:
    """Of each bar the shape of the one that was at its place; of those after the end the last."""
    if not shapes:
        return ()
    at = np.searchsorted(old.edge_quarters, new.edge_quarters[:-1], side="right") - 1
    starts, lengths = new.edge_beats[:-1].tolist(), np.diff(new.edge_beats).tolist()
    return tuple(
        replace(shapes[min(int(i), len(shapes) - 1)], start=start, length=length)
        for i, start, length in zip(at, starts, lengths, strict=True)
    )


def _as_long_as(grid: TimeGrid, score: Score) -> Score:
    """With another grid: as long as the record, or longer as the grid asks for it."""
    audio, level = AudioConfig(), score.level
    n_frames = 1 + round((grid.length_s + RING_S) * audio.frame_rate)
    n_old = len(level.fade_db)
    if grid.length_s <= score.grid.length_s or n_frames <= n_old:
        return replace(score, grid=grid)

    def longer(values: np.ndarray, last: float) -> np.ndarray:
        return np.append(values, np.full(n_frames - n_old, last, np.float32))

    level = replace(
        level,
        n_samples=(n_frames - 1) * audio.hop_length,
        fade_db=longer(level.fade_db, 0.0),
        loudness_db=longer(level.loudness_db, 0.0),
    )
    tuning_cents = longer(score.tuning_cents, score.tuning_cents[-1])
    return replace(score, grid=grid, level=level, tuning_cents=tuning_cents)


# --- notes, chords, sections


def _read_places(spans: Sequence[Span], paper: Paper) -> list[tuple[int, int]]:
    starts = paper.quarters([span.start for span in spans]) * PER_QUARTER
    ends = paper.quarters([span.end for span in spans]) * PER_QUARTER
    return [
        (round(start), round(end) - round(start))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _notes(read: Score, written: Written, frame: _Frame) -> tuple[tuple[Note, ...], bool]:
    """Notes of the merged score, and whether they are those that were written."""
    places = _read_places(read.sheet.notes, frame.read)
    old = written.score.sheet.notes
    pitches = [note.pitch for note in read.sheet.notes]
    if frame.is_as_written and places == written.note_places:
        if pitches == [note.pitch for note in old]:
            return old, True
    by_start = {
        place[0]: (place[1], note) for place, note in zip(written.note_places, old, strict=True)
    }
    notes = []
    for (start, length), note in zip(places, read.sheet.notes, strict=True):
        exact = as_read = frame.of_read_note(note)
        if start in by_start:
            old_length, old_note = by_start[start]
            exact = frame.of_written(old_note)
            if length != old_length:
                exact = replace(exact, length=max(as_read.end - exact.start, TOLERANCE))
        notes.append(replace(exact, pitch=note.pitch))
    return tuple(_one_at_a_time(notes)), False


def _one_at_a_time(notes: Sequence[Note]) -> list[Note]:
    """Notes that end where the next one begins, at the latest."""
    notes = sorted(notes, key=attrgetter("start"))
    stops = [note.start for note in notes[1:]] + [math.inf]
    cut = [
        note if note.end <= stop + TOLERANCE else replace(note, length=stop - note.start)
        for note, stop in zip(notes, stops, strict=True)
    ]
    return [note for note in cut if note.length > TOLERANCE]


def _symbol(chord: Chord) -> tuple:
    """What chords have in common that sound the same: programs name them differently."""
    if chord.silent:
        return ("N.C.",)
    return chord.bass_class, frozenset({*chord.pitch_classes, chord.bass_class})


def _chords(read: Score, written: Written, frame: _Frame) -> tuple[Chord, ...]:
    old, new = written.score.sheet.chords, read.sheet.chords
    old_marks = [
        (start, _symbol(chord)) for (start, _), chord in zip(written.chord_places, old, strict=True)
    ]
    new_marks = [
        (start, _symbol(chord))
        for (start, _), chord in zip(_read_places(new, frame.read), new, strict=True)
    ]
    if frame.is_as_written and _changes(old_marks) == _changes(new_marks):
        return old
    known = dict(zip(old_marks, old, strict=True))
    chords = [
        frame.of_written(known[mark]) if mark in known else frame.of_read(chord)
        for mark, chord in zip(new_marks, new, strict=True)
    ]
    return _tiled(chords, float(frame.paper.edge_beats[-1]))


def _changes(marks: Sequence[tuple[int, tuple]]) -> list[tuple[int, tuple]]:
    """Of marks at one place the last, without those that say again what sounds already."""
    last = list(dict(marks).items())
    return [mark for i, mark in enumerate(last) if i == 0 or mark[1] != last[i - 1][1]]


def _sections(read: Score, written: Written, frame: _Frame) -> tuple[Section, ...]:
    """As written, each under the name that was read; new ones are like those they are part of."""
    old = written.score.sheet.sections
    old_starts = [start for start, _ in _read_places(old, frame.written)]
    starts = [start for start, _ in _read_places(read.sheet.sections, frame.read)]
    names = [section.name for section in read.sheet.sections]
    is_same = starts == old_starts and names == [section.name for section in old]
    if not old or (frame.is_as_written and is_same):
        return old or tuple(frame.of_read(section) for section in read.sheet.sections)
    sections = []
    if not starts:  # an editor that keeps no rehearsal marks
        sections = [frame.of_written(section) for section in old]
    for start, section in zip(starts, read.sheet.sections, strict=True):
        like = old[max(0, bisect_right(old_starts, start) - 1)]
        span = frame.of_written(like) if start in old_starts else frame.of_read(section)
        label = like.label if section.name == like.name else ""
        sections.append(
            replace(like, name=section.name, start=span.start, length=span.length, label=label)
        )
    return _tiled(sections, float(frame.paper.edge_beats[-1]))


def _text(written: Written, frame: _Frame) -> tuple[Vowel, ...]:
    """As written, but for what was sung after the end."""
    moved = (frame.of_written(vowel) for vowel in written.score.sheet.text)
    return tuple(vowel for vowel in moved if vowel.length > TOLERANCE)


def _tiled(spans: Sequence, end: float) -> tuple:
    """Spans each until the next begins, the first from the beginning on, the last to the end."""
    spans = sorted((span for span in spans if span.start < end - TOLERANCE), key=_start)
    starts = [0.0, *(span.start for span in spans[1:])]
    ends = [*starts[1:], end]
    return tuple(
        replace(span, start=start, length=stop - start)
        for span, start, stop in zip(spans, starts, ends, strict=True)
        if stop - start > TOLERANCE
    )


_start = attrgetter("start")


def _sung(sheet: LeadSheet) -> tuple[Section, ...]:
    """Sections, sung wherever there are notes."""
    starts = np.array([note.start for note in sheet.notes])
    return tuple(
        replace(s, sung=s.sung or bool(((starts >= s.start) & (starts < s.end)).any()))
        for s in sheet.sections
    )
