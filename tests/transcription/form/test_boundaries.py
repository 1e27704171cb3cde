"""Facts about boundaries: the evidence for them, and the costs of lengths."""

import numpy as np
import pytest
from forms import SECTION_BARS, bars_of

from kcarol.transcription.form.boundaries import (
    boundary_evidence,
    change,
    length_cost,
    repeats_that_change,
    section_starts,
    sung_with_upbeat,
)


def test_evidence_is_highest_where_sections_begin():
    evidence = boundary_evidence(bars_of("iACACBC"))
    starts = SECTION_BARS * np.arange(1, 7)
    others = np.setdiff1d(np.arange(1, len(evidence)), starts)
    assert evidence[starts].min() > np.percentile(evidence[others], 95)


def test_a_section_begins_where_it_must():
    starts = section_starts(bars_of("AA"), np.array([5]))
    assert 5 in starts and starts[0] == 0


def test_sections_of_eight_bars_cost_nothing_and_odd_ones_most():
    costs = [length_cost(n, is_edge=False) for n in (8, 4, 6, 7)]
    assert costs[0] == 0 and costs == sorted(costs)
    assert length_cost(7, is_edge=True) < length_cost(7, is_edge=False)


def test_a_change_is_told_in_units_of_the_songs_larger_changes():
    level_db = np.repeat([0.0, 12.0, 0.0], 8)
    found = change(level_db, 1, "level")
    assert found.argmax() in (8, 16) and found[8] == found[16] and found[4] == 0
    assert not change(np.zeros(1), 4, "level").any()


def test_repeats_begin_and_end_with_sections():
    same = np.zeros((24, 24), bool)
    bar = np.arange(8)
    same[bar, 16 + bar] = same[16 + bar, bar] = True
    begins, ends, others = repeats_that_change(same)
    assert np.flatnonzero(begins).tolist() == [0, 16] and np.flatnonzero(ends).tolist() == [8]
    assert others[[8, 16]].tolist() == [1, 1] and others[4] == 0


def test_an_upbeat_belongs_to_the_bar_after_it():
    tune = np.zeros((3, 16, 12))
    tune[0, 12:, 0] = tune[1, :12, 0] = 1
    assert sung_with_upbeat(tune) == pytest.approx([0, 1, 0])
