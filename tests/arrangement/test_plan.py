"""The plan of an arrangement: scenes, turns and strokes of every bar."""

from dataclasses import replace

import numpy as np
from songs import BARS, song

from kcarol.arrangement.plan import MOST_PER_S, N_SCENES, Form, plan
from kcarol.transcription.lead_sheet import Section, TimeGrid


def plan_of(sheet):
    return plan(sheet, TimeGrid.of(sheet), sheet.notes)


def test_louder_sections_have_fuller_scenes():
    bars = plan_of(song(levels_db=(-12.0, 0.0, -5.0, 1.0)))
    assert bars[0].scene < bars[2 * BARS].scene < bars[BARS].scene == N_SCENES - 1


def test_a_bar_that_drops_out_of_its_section_thins():
    sheet = song(levels_db=(0.0,) * 4)
    shapes = list(sheet.bars)
    shapes[6] = replace(shapes[6], level_db=-14.0)
    scenes = [bar.scene for bar in plan_of(replace(sheet, bars=tuple(shapes)))]
    assert scenes[6] < scenes[5] == scenes[7]


def test_sections_of_a_label_are_counted_and_the_last_chorus_is_known():
    bars = plan_of(song())
    assert [bar.turn for bar in bars[::BARS]] == [0, 0, 1, 1]
    assert [bar.is_last for bar in bars[::BARS]] == [False, False, False, True]
    assert bars[BARS].is_entry and not bars[1].is_entry
    assert [bar.number for bar in bars if bar.is_final] == [15]


def test_a_single_chorus_is_not_the_last_one():
    assert Form.of((Section("verse", 0, 4), Section("chorus", 4, 4))).last_chorus is None


def test_strokes_are_wanted_where_the_record_has_them():
    wanted = np.array([bar.n_strokes for bar in plan_of(song())[::BARS]])
    assert list(wanted.argsort()) == [0, 2, 1, 3]
    assert wanted.max() <= MOST_PER_S * 2.4 + 1e-9


def test_a_song_as_steady_as_a_machine_has_the_same_strokes_everywhere():
    bars = plan_of(song(strokes_per_s=(4.0,) * 4))
    assert len({round(bar.n_strokes, 6) for bar in bars[:-2]}) == 1


def test_a_fade_out_is_played_as_long_as_it_is_heard():
    fading = plan_of(song(levels_db=(0.0, -10.0, -35.0, -60.0)))
    assert not fading[2 * BARS].is_still and fading[3 * BARS].is_still
    assert [bar.number for bar in fading if bar.is_final] == [3 * BARS - 1]


def test_a_bar_with_no_chord_is_bare_and_soft():
    sheet = song(levels_db=(0.0,) * 4)
    chords = tuple(replace(c, silent=c.start < 8) for c in sheet.chords)
    bars = plan_of(replace(sheet, chords=chords))
    assert [bar.is_bare for bar in bars[:3]] == [True, True, False]
    assert bars[0].scene == 0 and bars[0].level_db < bars[2].level_db


def test_a_tune_that_rests_for_a_bar_is_still_sung():
    sheet = song()
    notes = [n for n in sheet.notes if not (4 <= n.start < 8 or 16 <= n.start < 24)]
    bars = plan_of(replace(sheet, notes=tuple(notes)))
    assert [bar.is_sung for bar in bars[:7]] == [True, True, True, True, False, False, True]
