"""Notes and rests of a bar as note values: ties, dots, triplets and beams.

A note that lies across a beat is tied so that beats, and the middle of a bar of four, are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import TypeVar

from kcarol.score.notated import Bar, Notated

TYPES = {  # quarter notes -> name, dots
    Fraction(4): ("whole", 0),
    Fraction(6): ("whole", 1),
    Fraction(2): ("half", 0),
    Fraction(3): ("half", 1),
    Fraction(1): ("quarter", 0),
    Fraction(3, 2): ("quarter", 1),
    Fraction(1, 2): ("eighth", 0),
    Fraction(3, 4): ("eighth", 1),
    Fraction(1, 4): ("16th", 0),
    Fraction(3, 8): ("16th", 1),
    Fraction(1, 8): ("32nd", 0),
    Fraction(3, 16): ("32nd", 1),
    Fraction(1, 16): ("64th", 0),
    Fraction(1, 32): ("128th", 0),  # of notes crowded into a beat
}
N_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}
TRIPLET = Fraction(2, 3)  # of its written length, a note of a triplet sounds
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Value:
    """One note or rest as it is drawn, in quarter notes from the beginning of its bar."""

    start: Fraction
    length: Fraction
    pitch: int | None = None  # MIDI; None: a rest
    is_tied_from: bool = False
    is_tied_to: bool = False
    is_triplet: bool = False
    triplet: str = ""  # start or stop, of the bracket
    beams: tuple[str, ...] = ()  # begin, continue, end, forward hook, backward hook

    @property
    def end(self) -> Fraction:
        return self.start + self.length

    @property
    def type(self) -> tuple[str, int]:
        """Name and dots."""
        return TYPES[self.length / TRIPLET if self.is_triplet else self.length]


AnyValue = TypeVar("AnyValue", bound=Value)


def bar_values(paper: Notated) -> list[list[Value]]:
    """Of each bar what is drawn in it, from beginning to end; nothing for a whole bar's rest."""
    bars: list[list[Value]] = []
    first = 0  # of the notes that may sound in the bar
    for bar in paper.bars:
        while first < len(paper.notes) and paper.notes[first].end <= bar.start:
            first += 1
        inside = []
        for note in paper.notes[first:]:
            if note.start >= bar.end:
                break
            inside.append(note)
        bars.append(_bar(bar, inside) if inside or bar.is_short else [])
    return bars


def _bar(bar: Bar, notes: Sequence) -> list[Value]:
    spans: list[Value] = []
    at = Fraction(0)
    for note in notes:
        start, end = max(note.start - bar.start, Fraction(0)), min(note.end, bar.end) - bar.start
        if start > at:
            spans.append(Value(at, start - at))
        spans.append(
            Value(start, end - start, note.pitch, note.start < bar.start, note.end > bar.end)
        )
        at = end
    if at < bar.length:
        spans.append(Value(at, bar.length - at))
    return drawn(spans, bar)


def drawn(spans: Sequence[AnyValue], bar: Bar) -> list[AnyValue]:
    """What is drawn of notes and rests that fill a bar, one after the other."""
    triplets = _triplet_beats(spans, bar)
    values = [value for span in spans for value in _values(span, bar, triplets)]
    return _beamed(_bracketed(values), bar)


def _triplet_beats(spans: Sequence[Value], bar: Bar) -> frozenset[int]:
    """Numbers of the beats that are divided by three, in a metre that is not."""
    if bar.metre.division == 3:
        return frozenset()
    return frozenset(int(span.start) for span in spans if span.start.denominator % 3 == 0)


# --- from lengths to values


def _values(span: AnyValue, bar: Bar, triplets: frozenset[int]) -> list[AnyValue]:
    """A note or rest as tied values."""
    values: list[AnyValue] = []
    at = span.start
    while at < span.end:
        is_triplet = int(at) in triplets
        length = _first_length(at, span.end, bar, triplets, span.pitch is None)
        values.append(replace(span, start=at, length=length, is_triplet=is_triplet))
        at += length
    if span.pitch is None:
        return values
    last = len(values) - 1
    return [
        replace(
            value, is_tied_from=i > 0 or span.is_tied_from, is_tied_to=i < last or span.is_tied_to
        )
        for i, value in enumerate(values)
    ]


def _first_length(
    at: Fraction, end: Fraction, bar: Bar, triplets: frozenset[int], is_rest: bool
) -> Fraction:
    """The longest value with which what lasts from `at` to `end` may begin."""
    if int(at) in triplets:
        return _triplet_length(at, min(end, Fraction(int(at) + 1)))
    stop = next((Fraction(b) for b in sorted(triplets) if at < b < end), end)
    allowed = _compound_lengths if bar.metre.division == 3 else _simple_lengths
    lengths = [x for x in allowed(at, bar, is_rest) if x in TYPES and at + x <= stop]
    return max(lengths, default=Fraction(1, 16))


def _triplet_length(at: Fraction, stop: Fraction) -> Fraction:
    """Within a beat: up to the next of its thirds, or over two of them."""
    third = Fraction(1, 3)
    if at % third == 0:
        lengths = [2 * third, third, HALF, *(third / n for n in (2, 4, 8, 16)), Fraction(1, 4)]
    else:
        stop = min(stop, (at // third + 1) * third)
        lengths = [third * x for x in (HALF, HALF / 2, HALF / 4, HALF / 8, 3 * HALF / 4)]
    return max(x for x in lengths if at + x <= stop)


def _simple_lengths(at: Fraction, bar: Bar, is_rest: bool) -> list[Fraction]:
    """Of notes and rests from a place in a bar of quarters on."""
    n_beats = bar.metre.beats_per_bar
    middle = Fraction(2) if n_beats == 4 else None
    if at.denominator == 1:
        lengths = _whole_lengths(int(at), n_beats, is_rest)
        lengths += [] if is_rest or (middle and at + 1 == middle) else [Fraction(3, 2)]
        lengths += [Fraction(3, 4), HALF, Fraction(1, 4), Fraction(1, 8)]
    elif at.denominator == 2:
        lengths = [HALF, Fraction(3, 8), Fraction(1, 4), Fraction(1, 8)]
        if not is_rest and middle != at + HALF:
            lengths += [Fraction(1)]  # syncopated
        if not is_rest and middle == at + Fraction(3, 2):
            lengths += [Fraction(3, 2)]
    elif at.denominator == 4:
        to_half = HALF - at % HALF
        lengths = [to_half, Fraction(1, 8)]
        if at % 1 == Fraction(1, 4) and not is_rest:
            lengths += [HALF, Fraction(3, 4)]
    else:
        lengths = [x for x in _halvings(at)]
    return lengths


def _whole_lengths(beat: int, n_beats: int, is_rest: bool) -> list[Fraction]:
    lengths = [Fraction(1)]
    if beat % 2 == 0 or not is_rest:
        lengths.append(Fraction(2))
    if not is_rest and (beat == 0 or (n_beats == 4 and beat == 1)):
        lengths.append(Fraction(3))
    if beat % 4 == 0:
        lengths.append(Fraction(4))
    return lengths


def _halvings(at: Fraction) -> list[Fraction]:
    """From a place between sixteenths on: up to the next one, or the next half of it."""
    step = Fraction(1, 4)
    return [step - at % step, *(step / n for n in (2, 4) if at % (step / n) == 0)]


def _compound_lengths(at: Fraction, bar: Bar, is_rest: bool) -> list[Fraction]:
    """Of notes and rests from a place in a bar of dotted quarters on."""
    beat = Fraction(3, 2)
    inside = at % beat
    if inside:
        to_eighth = HALF - at % HALF
        lengths = [x for x in (beat - inside, HALF, to_eighth) if inside + x <= beat]
        return lengths + [x for x in (Fraction(1, 4), *_halvings(at)) if x <= to_eighth]
    number, n_beats = at / beat, bar.metre.beats_per_bar
    lengths = [beat, Fraction(1), *(HALF / n for n in (1, 2, 4, 8))]
    if not is_rest:
        lengths += [Fraction(3, 4)]
    if number % 2 == 0 and n_beats % 2 == 0 or (n_beats == 3 and not is_rest):
        lengths.append(2 * beat)
    if number == 0 and n_beats == 4:
        lengths.append(4 * beat)
    return lengths


# --- brackets and beams


def _bracketed(values: Sequence[AnyValue]) -> list[AnyValue]:
    """With brackets from the first to the last value of each triplet."""
    marked: list[AnyValue] = []
    for _, group in groupby(values, lambda v: (v.is_triplet, int(v.start) if v.is_triplet else 0)):
        beat = list(group)
        if beat[0].is_triplet:
            beat[0] = replace(beat[0], triplet="start")
            beat[-1] = replace(beat[-1], triplet="stop")
        marked += beat
    return marked


def _beamed(values: Sequence[AnyValue], bar: Bar) -> list[AnyValue]:
    beamed: list[AnyValue] = []
    for _, group in groupby(values, lambda value: _beam_group(value, values, bar)):
        beamed += _beam_runs(list(group))
    return beamed


def _beam_group(value: Value, values: Sequence[Value], bar: Bar) -> tuple:
    """Values of the same group may share a beam: a beat, or half a bar of four that is all
    eighths.
    """
    half = value.start // 2
    within = [v for v in values if v.start // 2 == half]
    plain = all(v.length == HALF and v.pitch is not None for v in within)
    if bar.metre.division == 2 and bar.metre.beats_per_bar == 4 and plain and not bar.is_short:
        return "half", half
    return "beat", value.start // bar.beat


def _beam_runs(group: Sequence[AnyValue]) -> list[AnyValue]:
    """A group with beams over its runs of notes that have flags."""
    runs: list[AnyValue] = []
    for _, run in groupby(group, lambda v: v.pitch is not None and v.type[0] in N_BEAMS):
        members = list(run)
        counts = [N_BEAMS.get(value.type[0], 0) for value in members]
        if len(members) > 1 and counts[0] and members[0].pitch is not None:
            members = [replace(value, beams=_beams(counts, i)) for i, value in enumerate(members)]
        runs += members
    return runs


def _beams(counts: Sequence[int], i: int) -> tuple[str, ...]:
    """Of the note numbered `i` of a run, whose notes have `counts` beams."""
    before = counts[i - 1] if i > 0 else 0
    after = counts[i + 1] if i + 1 < len(counts) else 0
    words = []
    for level in range(1, counts[i] + 1):
        if before >= level and after >= level:
            words.append("continue")
        elif after >= level:
            words.append("begin")
        elif before >= level:
            words.append("end")
        else:
            words.append("backward hook" if i > 0 else "forward hook")
    return tuple(words)
