"""Drawn lead sheets: varied tunes, and nothing shared by training and validation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_sheets import assert_sound, strong_notes

from kcarol.corpus.lead_sheet.draw_sheet import (
    DRUMS_ALONE,
    VALIDATION_TITLES,
    draw_sheet,
    is_validation_seed,
    reharmonise,
    vary,
)
from kcarol.corpus.lead_sheet.tunes import titles, tune


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), title=st.sampled_from(titles()))
def test_a_varied_tune_keeps_its_intervals_and_fits_a_singer(seed, title):
    sheet = tune(title)
    varied = vary(sheet, np.random.default_rng(seed))
    assert_sound(varied)
    shift = varied.notes[0].pitch - sheet.notes[0].pitch
    assert [n.pitch - shift for n in varied.notes] == [n.pitch for n in sheet.notes]
    assert (varied.key - sheet.key - shift) % 12 == 0
    assert all(
        (b.root - a.root - shift) % 12 == 0
        for a, b in zip(sheet.chords, varied.chords, strict=True)
    )
    assert 36 <= min(n.pitch for n in varied.notes) and max(n.pitch for n in varied.notes) <= 89
    assert 60 <= varied.tempo_bpm <= 180


def test_reharmonised_tunes_have_other_chords_that_still_carry_the_tune():
    sheet = tune("Amazing Grace")
    found = [reharmonise(sheet, np.random.default_rng(seed)) for seed in range(30)]
    assert len({x.chords for x in found}) > 20
    assert all(x.notes == sheet.notes for x in found)
    assert np.mean([np.mean(strong_notes(x)) for x in found]) > 0.7


@pytest.mark.parametrize("length_s", [6.0, 20.0, 45.0])
def test_drawn_sheets_are_sound_and_about_as_long_as_asked(length_s):
    for seed in range(60):
        sheet = draw_sheet(np.random.default_rng(seed), length_s, composed_share=0.4)
        assert_sound(sheet)
        assert sheet.notes
        assert abs(sheet.length_s - length_s) <= 4 * 60 / sheet.tempo_bpm


def test_training_and_validation_share_neither_tunes_nor_seeds():
    drawn_titles = {}
    for validation in (False, True):
        rng = np.random.default_rng(1)
        drawn = {draw_sheet(rng, 12.0, 0.5, validation).title for _ in range(250)}
        drawn_titles[validation] = drawn
        for title in drawn:
            if title.startswith("composed "):
                assert is_validation_seed(int(title.split()[1])) == validation
            else:
                assert (title in VALIDATION_TITLES) == validation
    assert not drawn_titles[True] & drawn_titles[False]
    assert set(VALIDATION_TITLES) <= drawn_titles[True]
    assert set(VALIDATION_TITLES) < set(titles())


def test_one_seed_in_sixteen_is_held_out_and_no_run_of_neighbours():
    held = np.array([is_validation_seed(seed) for seed in range(20_000)])
    assert 0.05 <= held.mean() <= 0.075
    assert not np.any(np.convolve(held, np.ones(6), "valid") == 6)


def test_the_composed_share_is_kept():
    rng = np.random.default_rng(2)
    composed = [draw_sheet(rng, 10.0).title.startswith("composed") for _ in range(400)]
    assert 0.8 <= np.mean(composed) <= 0.9


def test_drawing_is_deterministic():
    assert draw_sheet(np.random.default_rng(9), 20.0, 0.0) == draw_sheet(
        np.random.default_rng(9), 20.0, 0.0
    )


def test_some_drawn_sheets_have_drums_alone_and_every_drawn_sheet_is_sound():
    sheets = [draw_sheet(np.random.default_rng(seed), 20.0) for seed in range(300)]
    for sheet in sheets:
        assert_sound(sheet)
    with_drums = [sheet for sheet in sheets if any(chord.silent for chord in sheet.chords)]
    assert 0.6 * DRUMS_ALONE < len(with_drums) / len(sheets) < 1.3 * DRUMS_ALONE
    assert all(not all(chord.silent for chord in sheet.chords) for sheet in with_drums)
