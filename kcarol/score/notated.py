"""A lead sheet as it is put on paper: bars, note values and chord places in exact fractions.

    sheet (beats, as sung) + grid ──notate──▶ Notated (quarter notes, exact) ──score_of──▶ Score

Positions are counted in quarter notes from the first bar line or, of a song that begins within a
bar, from its pick-up. Notes are moved to sixteenths or triplets, beat by beat, no two to the same
place: everything that is in the sheet is on paper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from kcarol.config import AudioConfig
from kcarol.score.score import Score
from kcarol.score.swing import as_written
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Note, Section, TimeGrid
from kcarol.transcription.notation import LEAD_S

PER_QUARTER = 48  # all positions are multiples of a quarter note by this
MOST_QUARTERS = 20_000  # of a score that is read: three hours at 100 a minute
EXACT = 1e-4  # beats within which a position was meant
# parts into which a beat may be divided -> by how much more its notes together have to be moved,
# in beats, before they are divided that way
FINEST = 24
SIMPLE_DIVISIONS = {4: 0.0, 3: 0.02, 8: 0.3, 6: 0.3, FINEST: 1.0}
COMPOUND_DIVISIONS = {6: 0.0, 12: 0.3, FINEST: 1.0}
MISSED_END = 0.01  # what it counts if a note does not end where it was meant to: no triplet for it
ENDLESS = 10**9  # beats, more than any song has
SHORTEST_REST = 0.25 - EXACT  # beats; before a shorter one the note is held


@dataclass(frozen=True)
class Bar:
    """A bar on paper, in quarter notes from the beginning."""

    start: Fraction
    length: Fraction
    metre: Metre  # of the sheet; holds more beats than a pick-up or a last, short bar
    first_beat: float  # of the sheet, at `start`

    @property
    def end(self) -> Fraction:
        return self.start + self.length

    @property
    def beat(self) -> Fraction:
        """Quarter notes of a beat."""
        return quarters_of_beat(self.metre)

    @property
    def time_signature(self) -> tuple[int, int]:
        """As 4/4 or 6/8."""
        n_beats = self.metre.beats_per_bar
        return (3 * n_beats, 8) if self.metre.division == 3 else (n_beats, 4)

    @property
    def is_short(self) -> bool:
        return self.length < self.metre.beats_per_bar * self.beat


@dataclass(frozen=True)
class Notated:
    """A lead sheet on paper. Starts and lengths are `Fraction`s of quarter notes."""

    title: str
    key: int  # pitch class of the tonic
    mode: str  # "major" or "minor"
    swing: float  # as of `LeadSheet`, or as it was heard
    bars: tuple[Bar, ...]
    notes: tuple[Note, ...]  # sorted, one at a time
    chords: tuple[Chord, ...]  # sorted; they cover the bars
    sections: tuple[Section, ...]
    beat_quarters: tuple[Fraction, ...]  # (n,) places of the beats and of the end
    beat_times_s: np.ndarray  # (n,) when they are, rising

    @property
    def length(self) -> Fraction:
        return self.bars[-1].end

    def time_s(self, quarters):
        """Seconds of positions in quarter notes, swing apart."""
        return np.interp(np.asarray(quarters, float), self._beat_places, self.beat_times_s)

    @cached_property
    def _beat_places(self) -> np.ndarray:
        return np.array(self.beat_quarters, float)

    def tempo_bpm(self, bar: Bar) -> float:
        """Quarter notes a minute with which a bar lasts as long as it did."""
        start_s, end_s = self.time_s([bar.start, bar.end])
        return 60 * float(bar.length) / float(end_s - start_s)


def quarters_of_beat(metre: Metre) -> Fraction:
    return Fraction(3, 2) if metre.division == 3 else Fraction(1)


# --- to paper


def notate(score: Score) -> Notated:
    """A score on paper; notes and chords in the order of the sheet."""
    sheet, grid = as_written(score.sheet), score.grid
    paper = Paper.of(score)
    bars = paper.bars
    lead = round(bars[0].first_beat)
    starts = _chord_starts(sheet, paper)
    ends = [*starts[1:], bars[-1].end]
    beats = np.arange(lead, len(grid.beat_times_s))
    beats = beats[beats <= sheet.n_beats + EXACT]
    return Notated(
        sheet.title,
        sheet.key,
        sheet.mode,
        sheet.swing,
        bars,
        _notes_on_paper(sheet.notes, paper, float(lead)),
        tuple(
            replace(chord, start=start, length=end - start)
            for chord, start, end in zip(sheet.chords, starts, ends, strict=True)
        ),
        _sections_on_paper(sheet, paper),
        tuple(paper.place(Fraction(int(beat))) for beat in beats),
        grid.beat_times_s[beats],
    )


def n_lead_beats(sheet: LeadSheet, grid: TimeGrid) -> int:
    """Beats that the first bar lacks: those that are compressed into its beginning."""
    is_lead = np.diff(grid.beat_times_s[: sheet.beats_per_bar]) < 1.5 * LEAD_S
    return int(np.cumprod(is_lead).sum())


def bars_of(sheet: LeadSheet, lead: int = 0) -> tuple[Bar, ...]:
    """Bars of a sheet, the first without its `lead` beats."""
    bars: list[Bar] = []
    starts = sheet.bar_starts().tolist()
    for start, end in zip(starts, [*starts[1:], sheet.n_beats], strict=True):
        metre, first = sheet.metre_at(start), start if bars else start + lead
        length = _fraction(end - first) * quarters_of_beat(metre)
        bars.append(Bar(bars[-1].end if bars else Fraction(0), length, metre, first))
    return tuple(bars)


def _fraction(beats: float) -> Fraction:
    return Fraction(round(beats * FINEST), FINEST)


class Paper:
    """Beats of a sheet and quarter notes on paper."""

    def __init__(self, bars: Sequence[Bar]):
        self.bars = bars
        last = bars[-1]
        self.first_beats = np.array([bar.first_beat for bar in bars])
        self.edge_beats = np.append(self.first_beats, last.first_beat + last.length / last.beat)
        self.edge_quarters = np.array([float(bar.start) for bar in bars] + [float(last.end)])

    @classmethod
    def of(cls, score: Score) -> Paper:
        return cls(bars_of(as_written(score.sheet), n_lead_beats(score.sheet, score.grid)))

    def quarters(self, beats):
        """Quarter notes of positions in beats, within the bars."""
        return np.interp(np.asarray(beats, float), self.edge_beats, self.edge_quarters)

    def beats(self, quarters):
        """Beats of positions in quarter notes, within the bars."""
        return np.interp(np.asarray(quarters, float), self.edge_quarters, self.edge_beats)

    def bar_at(self, beat: float) -> Bar:
        number = np.searchsorted(self.first_beats, float(beat) + EXACT, side="right") - 1
        return self.bars[max(0, int(number))]

    def place(self, beat: Fraction) -> Fraction:
        """Quarter notes of an exact position in beats, within the bars."""
        bar = self.bar_at(float(beat))
        inside = (beat - _fraction(bar.first_beat)) * bar.beat
        return min(max(Fraction(0), bar.start + inside), self.bars[-1].end)


def _chord_starts(sheet: LeadSheet, paper: Paper) -> list[Fraction]:
    """Places of chords: on parts of beats, each after the one before."""
    least = Fraction(1, PER_QUARTER)
    starts = [Fraction(0)]
    for chord in sheet.chords[1:]:
        starts.append(max(paper.place(_fraction(chord.start)), starts[-1] + least))
    return starts


def _sections_on_paper(sheet: LeadSheet, paper: Paper) -> tuple[Section, ...]:
    starts = [paper.place(_fraction(section.start)) for section in sheet.sections]
    ends = [*starts[1:], paper.bars[-1].end][: len(starts)]
    return tuple(
        replace(section, start=start, length=end - start)
        for section, start, end in zip(sheet.sections, starts, ends, strict=True)
    )


def _notes_on_paper(notes: Sequence[Note], paper: Paper, first_beat: float) -> tuple[Note, ...]:
    """Notes in quarter notes, each from its place to at most that of the next."""
    starts, divisions = _starts_on_paper(notes, paper, first_beat)
    limits = [*starts[1:], *(start + ENDLESS for start in starts[-1:])]
    placed = []
    for note, start, limit in zip(notes, starts, limits, strict=True):
        end = _end_on_paper(note, start, limit, divisions)
        place = paper.place(start)
        placed.append(Note(place, paper.place(end) - place, note.pitch))
    return tuple(_within(placed, paper.bars[-1]))


def _within(notes: Sequence[Note], last: Bar) -> list[Note]:
    """Notes that were pushed beyond the end of the last bar share its last moments."""
    least = last.beat / FINEST
    kept: list[Note] = []
    for note in reversed(notes):
        stop = min(note.end, kept[-1].start if kept else last.end)
        start = min(note.start, stop - least)
        kept.append(replace(note, start=start, length=stop - start))
    return kept[::-1]


def _starts_on_paper(
    notes: Sequence[Note], paper: Paper, first_beat: float
) -> tuple[list[Fraction], dict[int, int]]:
    """Places of notes in beats, rising, and into how many parts each beat is divided for them."""
    by_beat: dict[int, list[Note]] = defaultdict(list)
    ends: dict[int, list[float]] = defaultdict(list)
    for note in notes:
        by_beat[int(np.floor(max(note.start, first_beat) + EXACT))].append(note)
        ends[int(np.floor(note.end + EXACT))].append(note.end)
    starts: list[Fraction] = []
    divisions: dict[int, int] = {}
    for beat in sorted(by_beat.keys() | ends.keys()):
        after = starts[-1] if starts else Fraction(-1)
        offsets = [max(note.start, first_beat) - beat for note in by_beat[beat]]
        divisions[beat], places = _divided(
            offsets,
            [end - beat for end in ends[beat]],
            after - beat,
            COMPOUND_DIVISIONS if paper.bar_at(beat).metre.division == 3 else SIMPLE_DIVISIONS,
        )
        starts += [beat + place for place in places]
    return starts, divisions


def _divided(
    starts: Sequence[float], ends: Sequence[float], after: Fraction, costs: dict[int, float]
) -> tuple[int, list[Fraction]]:
    """The best division of a beat, and the places of its notes, all after `after`, in beats."""
    best: tuple[float, int, list[Fraction]] | None = None
    for parts, cost in costs.items():
        places = _places(starts, after, parts)
        if places and places[-1] > 1 and parts < FINEST:
            continue
        moved = sum(abs(float(place) - x) for place, x in zip(places, starts, strict=True))
        missed = [end for end in ends if _meant(end, 12) and not _meant(end, parts)]
        moved += MISSED_END * len(missed) + cost
        if best is None or moved < best[0] - 1e-9:
            best = moved, parts, places
    assert best is not None  # the finest division is always possible
    return best[1], best[2]


def _meant(position: float, parts: int) -> bool:
    """Whether a position, in beats, is that of one of the parts of a beat."""
    return abs(position * parts - round(position * parts)) < EXACT * parts


def _places(starts: Sequence[float], after: Fraction, parts: int) -> list[Fraction]:
    """The nearest of the parts of a beat for each start, rising from `after` on."""
    places: list[Fraction] = []
    number = int(np.floor(after * parts))
    for start in starts:
        number = max(round(start * parts), number + 1)
        places.append(Fraction(number, parts))
    return places


def _end_on_paper(
    note: Note, start: Fraction, limit: Fraction, divisions: dict[int, int]
) -> Fraction:
    """Where a note from `start` ends, in beats: the next one's start at the latest."""
    if float(limit) - note.end < SHORTEST_REST:
        return limit
    beat = int(np.floor(note.end + EXACT))
    parts = divisions[beat]
    if not _meant(note.end - beat, parts) and parts % 2 == 0:
        parts = 2  # where a note was let go is not known to a sixteenth
    end = beat + Fraction(round((note.end - beat) * parts), parts)
    if end <= start:
        end = start + Fraction(1, divisions.get(int(start), 4))
    return min(end, limit)


# --- from paper


def score_of(paper: Notated, audio: AudioConfig | None = None) -> Score:
    """The score that plays as it is written; a short bar is one of a metre of its own."""
    metres: list[Metre] = []
    starts, beat = [], 0.0
    for i, bar in enumerate(paper.bars):
        n_beats = float(bar.length / bar.beat)
        is_last = i == len(paper.bars) - 1 and bar.is_short
        beats_per_bar = bar.metre.beats_per_bar if is_last else round(n_beats)
        metre = Metre(beat, beats_per_bar, bar.metre.division)
        if not metres or metre != replace(metres[-1], start=beat):
            metres.append(metre)
        starts.append(beat)
        beat += n_beats
    edges = [float(bar.start) for bar in paper.bars] + [float(paper.length)]

    def at(quarters) -> float:
        return float(np.interp(float(quarters), edges, [*starts, beat]))

    def moved(span):
        return replace(span, start=at(span.start), length=at(span.end) - at(span.start))

    times_s = paper.time_s([np.interp(b, [*starts, beat], edges) for b in range(int(beat) + 1)])
    if beat > int(beat):
        times_s = np.append(times_s, paper.beat_times_s[-1])
    sheet = LeadSheet(
        paper.title,
        tempo_bpm=60 / float(np.median(np.diff(times_s))),
        beats_per_bar=metres[0].beats_per_bar,
        key=paper.key,
        mode=paper.mode,
        notes=tuple(moved(note) for note in paper.notes),
        chords=tuple(moved(chord) for chord in paper.chords),
        sections=tuple(moved(section) for section in paper.sections),
        swing=paper.swing,
        division=metres[0].division,
        changes=tuple(metres[1:]),
    )
    return Score.of_sheet(sheet, TimeGrid(times_s, sheet.beats_per_bar, sheet.swing), audio)
