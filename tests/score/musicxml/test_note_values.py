from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from kcarol.score.musicxml.note_values import N_BEAMS, Value, bar_values
from kcarol.score.notated import Notated, notate
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note

METRES = [(2, 2), (3, 2), (4, 2), (5, 2), (1, 3), (2, 3), (3, 3), (4, 3)]  # beats, division


def paper_of(spans, metre=(4, 2), n_bars=1) -> Notated:
    n_beats = float(n_bars * metre[0])
    notes = tuple(Note(start, length, 60) for start, length in spans)
    chords = (Chord(0, n_beats, 0),)
    sheet = LeadSheet("", 120.0, metre[0], 0, "major", notes, chords, (), division=metre[1])
    return notate(Score.of_sheet(sheet))


def drawn(spans, metre=(4, 2)) -> list[tuple]:
    """Kind (n for note, r for rest), name and dots of the values of one bar."""
    [values] = bar_values(paper_of(spans, metre))
    return [("r" if v.pitch is None else "n", v.type[0] + "." * v.type[1]) for v in values]


def kinds(text: str) -> list[tuple]:
    return [tuple(word.split(":")) for word in text.split()]


@pytest.mark.parametrize(
    "spans, metre, expected",
    [
        ([(0, 4)], (4, 2), "n:whole"),
        ([(0, 3)], (4, 2), "n:half. r:quarter"),
        ([(0, 1.5)], (4, 2), "n:quarter. r:eighth r:half"),
        ([(1, 2)], (4, 2), "r:quarter n:half r:quarter"),
        ([(0, 0.5), (0.5, 1), (1.5, 0.5)], (4, 2), "n:eighth n:quarter n:eighth r:half"),
        # the middle of the bar is seen
        ([(1.5, 1)], (4, 2), "r:quarter r:eighth n:eighth n:eighth r:eighth r:quarter"),
        ([(0, 2.5)], (4, 2), "n:half n:eighth r:eighth r:quarter"),
        ([(0, 0.75), (0.75, 0.25)], (2, 2), "n:eighth. n:16th r:quarter"),
        ([(0.25, 0.5)], (2, 2), "r:16th n:eighth r:16th r:quarter"),
        ([(0, 3)], (3, 2), "n:half."),
        ([(0, 1 / 3), (1 / 3, 2 / 3)], (2, 2), "n:eighth n:quarter r:quarter"),
        ([(0, 1)], (2, 3), "n:quarter. r:quarter."),
        ([(0, 2)], (2, 3), "n:half."),
        ([(0, 2 / 3), (2 / 3, 1 / 3)], (2, 3), "n:quarter n:eighth r:quarter."),
        ([(0, 4)], (4, 3), "n:whole."),
        ([(0, 0.5), (0.5, 0.5)], (2, 3), "n:eighth. n:eighth. r:quarter."),
    ],
)
def test_bars_are_drawn_as_musicians_write_them(spans, metre, expected):
    assert drawn(spans, metre) == kinds(expected)


def test_a_bar_of_rest_has_no_values():
    assert bar_values(paper_of([(0, 4)], n_bars=2))[1] == []


def test_a_short_bar_of_rest_is_filled():
    [values] = bar_values(
        notate(
            Score.of_sheet(
                LeadSheet("", 120.0, 4, 0, "major", (), (Chord(0, 3, 0),), (), division=2)
            )
        )
    )
    assert sum(value.length for value in values) == 3


def random_spans(rng: np.random.Generator, n_beats: float) -> list[tuple[float, float]]:
    """Notes one after the other, at times on parts of beats, at times beside them or crowded."""
    spans, at = [], 0.0
    while at < n_beats - 0.1:
        at += float(rng.choice([0, 0, 0.25, 0.5, 1, 1 / 3, rng.exponential(0.3)]))
        length = float(rng.choice([0.25, 0.5, 1, 1.5, 1 / 3, 2 / 3, 3, 0.02, rng.exponential(0.7)]))
        length = min(max(length, 0.01), n_beats - at)
        if length > 0.01:
            spans.append((at, length))
        at += length
    return spans


def rejoined(bars: list[list[Value]], paper: Notated) -> list[Note]:
    notes: list[Note] = []
    for bar, values in zip(paper.bars, bars, strict=True):
        for value in values:
            start = bar.start + value.start
            if value.is_tied_from:
                assert notes[-1].end == start and notes[-1].pitch == value.pitch
                notes[-1] = replace(notes[-1], length=notes[-1].length + value.length)
            elif value.pitch is not None:
                notes.append(Note(start, value.length, value.pitch))
    return notes


@pytest.mark.parametrize("metre", METRES)
def test_values_fill_their_bars_and_tied_together_are_the_notes(metre):
    rng = np.random.default_rng(metre)
    for _ in range(20):
        paper = paper_of(random_spans(rng, 8.0 * metre[0]), metre, n_bars=8)
        bars = bar_values(paper)
        assert tuple(rejoined(bars, paper)) == paper.notes
        for bar, values in zip(paper.bars, bars, strict=True):
            edges = [Fraction(0), *(value.end for value in values)]
            assert [value.start for value in values] == edges[:-1]
            assert not values or edges[-1] == bar.length
            assert all(value.type for value in values)


@pytest.mark.parametrize("metre", METRES)
def test_beams_and_brackets_begin_and_end(metre):
    rng = np.random.default_rng(metre)
    for _ in range(20):
        for values in bar_values(paper_of(random_spans(rng, 8.0 * metre[0]), metre, n_bars=8)):
            brackets = [value.triplet for value in values if value.triplet]
            assert brackets == ["start", "stop"] * (len(brackets) // 2)
            for level in range(max(N_BEAMS.values())):
                is_open = False
                for value in values:
                    word = value.beams[level] if level < len(value.beams) else ""
                    assert is_open == (word in ("continue", "end"))
                    is_open = word in ("begin", "continue")
                assert not is_open


def test_eighths_of_half_a_bar_share_a_beam():
    [values] = bar_values(paper_of([(i / 2, 0.5) for i in range(8)]))
    assert [value.beams for value in values] == 2 * [
        ("begin",),
        ("continue",),
        ("continue",),
        ("end",),
    ]


def test_a_sixteenth_after_a_dotted_eighth_has_a_hook():
    [values] = bar_values(paper_of([(0, 0.75), (0.75, 0.25)], (1, 2)))
    assert [value.beams for value in values] == [("begin",), ("end", "backward hook")]
