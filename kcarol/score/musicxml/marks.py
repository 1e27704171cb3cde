"""What stands above the top staff: tempo, sections, chord symbols."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar
from xml.etree.ElementTree import Element

import numpy as np

from kcarol.score.musicxml.chord_symbols import KINDS, NO_CHORD
from kcarol.score.musicxml.elements import add_, clean, ticks
from kcarol.score.musicxml.spelling import root_and_bass, signature
from kcarol.score.notated import Bar, Notated
from kcarol.transcription.lead_sheet import Chord, Span

AnySpan = TypeVar("AnySpan", bound=Span)
STRAIGHT = 0.02  # swing that is not written
UNSEEN = "\u00a0"  # words of a tempo that MuseScore 3 would show if there were none
SWING = "Swing"
LARGEST_SWING_PART = 7  # of the ratio of a beat's eighths


def marks_of(number: int, bar: Bar, paper: Notated) -> list[tuple[Fraction, Element]]:
    """Of a bar, with their places in it: tempo, sections, chords."""
    marks = [(Fraction(0), mark) for mark in _tempo_marks(number, bar, paper)]
    for section in _beginning_in(bar, paper.sections):
        direction = Element("direction", placement="above")
        add_(add_(direction, "direction-type"), "rehearsal", clean(section.name))
        marks.append((section.start - bar.start, direction))
    for chord in _beginning_in(bar, paper.chords):
        marks.append((chord.start - bar.start, _harmony(chord, paper)))
    return sorted(marks, key=_place_of)


def _beginning_in(bar: Bar, spans: Sequence[AnySpan]) -> Sequence[AnySpan]:
    """Of sorted spans."""
    first, stop = (bisect_left(spans, edge, key=_start_of) for edge in (bar.start, bar.end))
    return spans[first:stop]


def _start_of(span: Span) -> float:
    return span.start


def _place_of(mark: tuple[Fraction, Element]) -> Fraction:
    return mark[0]


def place_marks_(
    measure: Element, marks: Sequence[tuple[Fraction, Element]], start: Fraction, end: Fraction
) -> None:
    """Add the marks from `start` to `end` to what begins at `start`."""
    for at, mark in marks:
        if start <= at < end:
            if at > start:
                offset = Element("offset")
                offset.text = str(ticks(at - start))
                sound = mark.find("sound")
                mark.insert(len(mark) if sound is None else list(mark).index(sound), offset)
            measure.append(mark)


def _tempo_marks(number: int, bar: Bar, paper: Notated) -> list[Element]:
    """The tempo that the bar had, read by players; at the beginning the usual one, to be seen."""
    marks = [_played_tempo(paper.tempo_bpm(bar))]
    if number == 0:
        marks.insert(0, _seen_tempo(paper, bar.metre.division == 3))
        if paper.swing > STRAIGHT:
            marks.append(_swing(paper.swing))
    return marks


def _played_tempo(tempo_bpm: float) -> Element:
    """Of quarter notes."""
    direction = Element("direction", placement="above")
    add_(add_(direction, "direction-type"), "words", UNSEEN)
    add_(direction, "sound", tempo=f"{tempo_bpm:.6g}")
    return direction


def _seen_tempo(paper: Notated, is_dotted: bool) -> Element:
    """Of beats. It is not that of the first bar, so its direction has no `sound`: of one that has
    both, some programs take this, some the other.
    """
    direction = Element("direction", placement="above")
    metronome = add_(add_(direction, "direction-type"), "metronome", parentheses="no")
    add_(metronome, "beat-unit", "quarter")
    if is_dotted:
        add_(metronome, "beat-unit-dot")
    add_(metronome, "per-minute", round(_usual_tempo_bpm(paper)))
    return direction


def _usual_tempo_bpm(paper: Notated) -> float:
    """Beats a minute."""
    return 60 / float(np.median(np.diff(paper.beat_times_s)))


def _swing(swing: float) -> Element:
    """The off-beat eighth comes `swing` of half a beat late.

    In words, which every program shows: MuseScore 3 warns of a file with the element `swing`.
    """
    direction = Element("direction", placement="above")
    ratio = Fraction((1 + swing) / (1 - swing)).limit_denominator(LARGEST_SWING_PART)
    words = f"{SWING} {ratio.numerator}:{ratio.denominator}"
    add_(add_(direction, "direction-type"), "words", words)
    return direction


def _harmony(chord: Chord, paper: Notated) -> Element:
    harmony = Element("harmony")
    fifths = signature(paper.key, paper.mode)
    if chord.silent:
        _pitch_class(add_(harmony, "root"), "root", ("C", 0))
        harmony[0][0].set("text", "")
        add_(harmony, "kind", NO_CHORD, text="N.C.")
        return harmony
    root, bass = root_and_bass(chord.root, chord.bass_class, fifths)
    _pitch_class(add_(harmony, "root"), "root", root)
    kind, text = KINDS[chord.quality]
    add_(harmony, "kind", kind, text=text)
    if chord.bass_class != chord.root:
        _pitch_class(add_(harmony, "bass"), "bass", bass)
    if chord.quality == "add9":
        degree = add_(harmony, "degree")
        degree.set("print-object", "no")
        add_(degree, "degree-value", 9)
        add_(degree, "degree-alter", 0)
        add_(degree, "degree-type", "add")
    return harmony


def _pitch_class(parent: Element, name: str, spelled: tuple[str, int]) -> None:
    letter, alter = spelled
    add_(parent, f"{name}-step", letter)
    if alter:
        add_(parent, f"{name}-alter", alter)
