"""Figures: how a line plays the voices that it is given.

sing      the voice's notes as they are written
hold      the same, tied over the bars while nothing changes
bar, half, beat, off, pulse, all, along, fill
          the voices struck together on places of the bar
broken, peal
          one voice after another, upwards and back or in changing order
run       a scale of the chord up to the next bar
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from kcarol.arrangement.plan import BarPlan
from kcarol.arrangement.rhythm import is_along, is_beat, is_strong
from kcarol.arrangement.styles import Line
from kcarol.transcription.lead_sheet import TOLERANCE, Note

RING_BEATS = 2.0  # for which a struck string or bell is let ring
CHANGE_DB = 3.0  # of the level from bar to bar: long notes begin anew
BROKEN = (0, 2, 1, 3, 2, 1)  # order of the ladder's tones
PEAL = (3, 2, 1, 0, 3, 1, 2, 0, 2, 3, 0, 1)
RUN = (-0.75, -0.5, -0.25)  # beats before the entry


class Tone(NamedTuple):
    start: float  # beats
    length: float
    pitch: int  # MIDI, before the line's shift
    bar: BarPlan

    @property
    def end(self) -> float:
        return self.start + self.length


class Voices:
    """Voices of a song by their letters: what each has at a beat."""

    def __init__(self, voices: Mapping[str, Sequence[Note]]):
        self.notes = voices
        self._starts = {letter: [n.start for n in notes] for letter, notes in voices.items()}

    def at(self, letter: str, beat: float) -> Note | None:
        i = bisect_right(self._starts[letter], beat + TOLERANCE) - 1
        if i < 0 or beat >= self.notes[letter][i].end - TOLERANCE:
            return None
        return self.notes[letter][i]

    def together(self, letters: str, beat: float) -> list[Note]:
        """The notes of several voices at a beat, the lowest first."""
        found = {note.pitch: note for letter in letters if (note := self.at(letter, beat))}
        return [found[pitch] for pitch in sorted(found)]

    def between(self, letter: str, start: float, end: float) -> Sequence[Note]:
        """Notes that begin in a span."""
        first = bisect_right(self._starts[letter], start - TOLERANCE)
        stop = bisect_right(self._starts[letter], end - TOLERANCE)
        return self.notes[letter][first:stop]


def tones_of(
    line: Line, bars: Sequence[BarPlan], voices: Voices, strokes: Sequence[tuple[float, ...]]
) -> list[Tone]:
    """What a line plays in all bars; `strokes`: the places struck in each bar."""
    tones: list[Tone] = []
    for is_playing, run in groupby(bars, key=line.plays_in):
        if is_playing:
            tones += _tones_of_run(line, list(run), voices, strokes)
    return [tone for tone in tones if tone.length > TOLERANCE]


def _tones_of_run(
    line: Line, bars: list[BarPlan], voices: Voices, strokes: Sequence[tuple[float, ...]]
) -> Iterable[Tone]:
    """Bars in which a line plays without a rest."""
    if line.figure == "sing":
        return [
            Tone(note.start, note.length, note.pitch, bar)
            for bar in bars
            for letter in line.voices
            for note in voices.between(letter, bar.start, bar.end)
        ]
    if line.figure == "hold":
        return [tone for some in _even(bars) for tone in _held(line, some, voices)]
    if line.figure == "run":
        return [tone for bar in bars for tone in _run_up(line, bar, voices)]
    places = [(place, bar) for bar in bars for place in _places(line, bar, voices, strokes)]
    ends = [*(place for place, _ in places[1:]), bars[-1].end][: len(places)]
    return [
        tone
        for (place, bar), end in zip(places, ends, strict=True)
        for tone in _struck(line, bar, voices, place, end)
    ]


def _even(bars: Sequence[BarPlan]) -> Iterable[list[BarPlan]]:
    """Bars that follow each other in one scene and at about one level."""
    some = [bars[0]]
    for bar in bars[1:]:
        is_new = bar.scene != some[-1].scene or abs(bar.level_db - some[0].level_db) > CHANGE_DB
        if is_new and not bar.is_final:
            yield some
            some = []
        some.append(bar)
    yield some


def _held(line: Line, bars: Sequence[BarPlan], voices: Voices) -> Iterable[Tone]:
    start, end = bars[0].start, bars[-1].end
    starts = [bar.start for bar in bars]
    for letter in line.voices:
        begun = voices.at(letter, start)
        notes = (
            [begun, *voices.between(letter, start + 2 * TOLERANCE, end)]
            if begun
            else (voices.between(letter, start, end))
        )
        for note in notes:
            begin = max(note.start, start)
            bar = bars[max(0, bisect_right(starts, begin + TOLERANCE) - 1)]
            yield Tone(begin, min(note.end, end) - begin, note.pitch, bar)


def _places(
    line: Line, bar: BarPlan, voices: Voices, strokes: Sequence[tuple[float, ...]]
) -> list[float]:
    """Where a figure strikes in a bar: on its own places, and where a voice moves."""
    moves = {
        note.start
        for letter in line.voices
        if letter in "atbu"
        for note in voices.between(letter, bar.start, bar.end)
    }
    if bar.is_final:
        return [bar.start]
    here = strokes[bar.number]
    if line.figure == "off":
        return [place for place in here if not is_beat(bar, place)]
    if line.figure == "fill":
        return [place for place in here if not is_along(bar, place)]
    if line.figure in ("broken", "peal", "all"):
        chosen = set(here) | (moves if line.figure == "all" else set())
    elif line.figure == "along":
        chosen = {note.start for note in bar.tune} or {bar.start}
    elif line.figure == "pulse":
        chosen = {place for place in here if place in bar.accents} | moves
    elif line.figure == "beat":
        chosen = {place for place in here if is_beat(bar, place)} | moves
    elif line.figure == "half":
        chosen = {place for place in here if is_strong(bar, place)} | moves
    else:
        chosen = {bar.start} | moves
    return sorted(chosen)


def _struck(line: Line, bar: BarPlan, voices: Voices, place: float, end: float) -> Iterable[Tone]:
    notes = voices.together(line.voices, place)
    if line.figure in ("broken", "peal") and notes and not bar.is_final:
        ladder = _ladder(line, notes, voices.at("s", place))
        order = BROKEN if line.figure == "broken" else PEAL
        step = bar.parts.index(place) if place in bar.parts else 0
        pitch = ladder[order[step % len(order)] % len(ladder)]
        return [Tone(place, _ring(line, place, end, min(n.end for n in notes)), pitch, bar)]
    return [
        Tone(place, _ring(line, place, end, note.end if not bar.is_final else end), note.pitch, bar)
        for note in notes[: line.instrument.most_notes]
    ]


def _ladder(line: Line, notes: Sequence[Note], tune: Note | None) -> list[int]:
    """Tones of a broken chord, the lowest first and again an octave up; below the tune, if there is
    one, unless the line is written above it.
    """
    ladder = [*(note.pitch for note in notes), notes[0].pitch + 12]
    if tune is None or line.shift > 0:
        return ladder
    return [pitch for pitch in ladder if pitch + line.shift < tune.pitch] or ladder[:1]


def _ring(line: Line, place: float, end: float, note_end: float) -> float:
    """Beats for which a stroke sounds: to the next one, and where the instrument rings, beyond."""
    if line.instrument.rings:
        end = max(end, place + RING_BEATS)
    return min(end, note_end) - place


def _run_up(line: Line, bar: BarPlan, voices: Voices) -> Iterable[Tone]:
    """Chord tones upwards into a bar, from the chord that sounds in it."""
    notes = voices.together(line.voices, bar.start)
    if not notes or bar.start < 1:
        return
    ladder = [note.pitch for note in notes] + [note.pitch + 12 for note in notes]
    for offset, pitch in zip(RUN, ladder[-len(RUN) - 1 :], strict=False):
        yield Tone(bar.start + offset, -offset, pitch, bar)
