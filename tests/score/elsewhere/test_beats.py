import numpy as np
import pytest

from kcarol.score.elsewhere.beats import ALLA_BREVE_BPM, BeatAxis, beat_of, joined_bars
from kcarol.score.elsewhere.written import Unplayable, Written, WrittenBar
from kcarol.transcription.lead_sheet import Metre


def bar(numerator, denominator, length=None, start=0.0):
    full = 4 * numerator / denominator
    return WrittenBar(start, full if length is None else length, numerator, denominator)


def axis_of(*bars, **fields):
    ends = np.cumsum([b.length for b in bars]).tolist()
    placed = [
        WrittenBar(end - b.length, b.length, b.numerator, b.denominator)
        for b, end in zip(bars, ends, strict=True)
    ]
    return BeatAxis.of(Written("", tuple(placed), (), **fields))


@pytest.mark.parametrize(
    ("signature", "expected"),
    {
        (2, 4): (1, 2),
        (3, 4): (1, 2),
        (5, 4): (1, 2),
        (6, 4): (3, 3),
        (2, 2): (1, 2),
        (3, 2): (2, 2),
        (4, 2): (2, 2),
        (3, 8): (0.5, 2),
        (4, 8): (1, 2),
        (6, 8): (1.5, 3),
        (12, 8): (1.5, 3),
        (7, 8): (0.5, 2),
    }.items(),
)
def test_what_a_beat_is(signature, expected):
    assert beat_of(bar(*signature)) == expected


def test_a_short_bar_is_counted_in_beats_that_it_has():
    assert beat_of(bar(4, 4, length=3.5)) == (0.5, 2)
    axis = axis_of(bar(4, 4), bar(4, 4, length=3.5), bar(4, 4))
    assert axis.metres == (Metre(0, 4), Metre(4, 7), Metre(11, 4))
    assert axis.beats_at(7.5) == 11
    assert axis.bar_starts.tolist() == [0, 4, 11]


def test_tempi_are_of_quarters_and_hold_until_the_next():
    axis = axis_of(bar(6, 8), bar(6, 8), tempos=((0.0, 90.0), (3.0, 45.0)))
    np.testing.assert_allclose(axis.times_s, [0, 1, 2, 4, 6])


def test_a_score_without_a_tempo_has_the_usual_one():
    assert axis_of(bar(2, 2)).tempo_bpm == ALLA_BREVE_BPM


@pytest.mark.parametrize("bpm", [0.0, 3.0, 5000.0])
def test_tempi_that_are_none_are_refused(bpm):
    with pytest.raises(Unplayable, match="expected tempos of 5 to 1000"):
        axis_of(bar(4, 4), tempos=((0.0, bpm),))


def test_rounded_triplets_are_triplets():
    axis = axis_of(bar(4, 4))
    assert [axis.beats_at(q) for q in (0.332, 0.664, 1.25)] == [
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
        1.25,
    ]


def test_parts_of_a_bar_that_a_repeat_divides_are_one_bar():
    parts = bar(3, 4), bar(3, 4, 2, start=3), bar(3, 4, 1, start=5), bar(3, 4, start=6)
    assert [b.length for b in joined_bars(parts)] == [3, 3, 3]
