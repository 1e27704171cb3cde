"""The carol's arranger: it follows the song, and makes music."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from metres import ALL_METRES, changing_sheet, sheet_in
from songs import song

from kcarol.arrangement.arrange import arrange_carol
from kcarol.arrangement.counterpoint.tune import rung
from kcarol.arrangement.played_notes import instrument_of
from kcarol.arrangement.styles import STYLES
from kcarol.arrangement.voices import four_parts
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.transcription.lead_sheet import BarShape, TimeGrid, Vowel

SHEETS = [song(), tune("Joy to the World")]
SHEETS += [compose(np.random.default_rng(seed), 20.0) for seed in range(3)]
BAR_S = 4 * 60 / 100  # of `song`
each_style = pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))


def strokes_of(parts, start_s=0.0, end_s=np.inf):
    return [s for part in parts for s in part.strokes if start_s <= s.start_s < end_s]


def level_db(strokes):
    """Of the power that strokes have together, as synthesisers take velocities."""
    return 10 * np.log10(sum(s.length_s * (s.velocity / 127) ** 4 for s in strokes))


def section(parts, number):
    """The parts' strokes in one of the sections of `song`."""
    return strokes_of(parts, 4 * number * BAR_S - 1e-6, 4 * (number + 1) * BAR_S - 0.5)


@each_style
@pytest.mark.parametrize("sheet", SHEETS, ids=[sheet.title for sheet in SHEETS])
def test_every_note_can_be_played_and_ends_with_the_song(style, sheet):
    grid = TimeGrid.of(sheet)
    parts = arrange_carol(sheet, grid, style)
    for part in parts:
        who = instrument_of(part)
        for stroke in part.strokes:
            assert who.lowest <= stroke.pitch <= who.highest and 1 <= stroke.velocity <= 127
            assert stroke.start_s >= 0 < stroke.length_s
            assert stroke.start_s + stroke.length_s <= grid.length_s + 1e-6
    assert parts == arrange_carol(replace(sheet), grid, style)


@each_style
@pytest.mark.parametrize("sheet", SHEETS, ids=[sheet.title for sheet in SHEETS])
def test_the_whole_tune_is_played(style, sheet):
    grid = TimeGrid.of(sheet)
    strokes = strokes_of(arrange_carol(sheet, grid, style))
    at, pitch = (np.array([getattr(s, name) for s in strokes]) for name in ("start_s", "pitch"))
    tune = four_parts(sheet).soprano
    is_sung = all("r" not in line.voices for line in style.lines if 0 in line.scenes)
    for note in tune if is_sung else rung(tune, sheet.tempo_bpm):
        here = np.abs(at - float(grid.time_s(note.start))) < 1e-6
        assert (pitch[here] % 12 == note.pitch % 12).any()


@each_style
def test_soft_sections_are_played_softer_and_by_fewer(style):
    sheet = song()
    parts = arrange_carol(sheet, TimeGrid.of(sheet), style)
    verse, chorus = section(parts, 0), section(parts, 1)
    assert level_db(chorus) - level_db(verse) > 5
    playing = [[p for p in parts if section([p], number)] for number in (0, 1)]
    assert 2 <= len(playing[0]) <= len(playing[1])


@each_style
def test_strokes_follow_the_songs(style):
    sheet = song()
    parts = arrange_carol(sheet, TimeGrid.of(sheet), style)
    verse, chorus = ({round(s.start_s, 2) for s in section(parts, n)} for n in (0, 1))
    assert len(chorus) > len(verse)


@each_style
def test_music_that_comes_again_is_varied(style):
    sheet = song(levels_db=(0.0, 0.0, 0.0, 0.0), strokes_per_s=(3.0, 3.0, 3.0, 3.0), last_chord=7)
    sheet = replace(sheet, sections=tuple(replace(s, energy=0.8) for s in sheet.sections))
    parts = arrange_carol(sheet, TimeGrid.of(sheet), style)
    lines = [{p.name for p in parts if section([p], number)} for number in range(4)]
    assert lines[2] - lines[0] or lines[3] - lines[1]


@each_style
def test_where_the_record_is_silent_nothing_is_struck(style):
    sheet = song(levels_db=(-60.0, 0.0, -60.0, 0.0))
    parts = arrange_carol(sheet, TimeGrid.of(sheet), style)
    assert section(parts, 1) and not section(parts, 0) and not section(parts, 2)


@each_style
def test_under_drums_alone_the_harmony_holds_softly(style):
    sheet = song()
    chords = tuple(replace(c, silent=c.start < 16) for c in sheet.chords)
    notes = tuple(n for n in sheet.notes if n.start >= 16)
    parts = arrange_carol(replace(sheet, chords=chords, notes=notes), TimeGrid.of(sheet), style)
    bells = [p for p in parts if p.is_drums and section([p], 0)]
    others = [s for p in parts if not p.is_drums for s in section([p], 0)]
    assert bells and others
    assert level_db(others) < level_db(section(parts, 1)) - 3


@each_style
def test_the_last_chord_rings_to_the_end(style):
    sheet = song()
    grid = TimeGrid.of(sheet)
    ends = [s.start_s + s.length_s for s in strokes_of(arrange_carol(sheet, grid, style))]
    assert max(ends) > grid.length_s - 0.5


@each_style
def test_every_metre_can_be_arranged(style):
    for beats, division in ALL_METRES:
        sheet = sheet_in(beats, division)
        assert strokes_of(arrange_carol(sheet, TimeGrid.of(sheet), style))
    assert strokes_of(arrange_carol(changing_sheet(), TimeGrid.of(changing_sheet()), style))


@each_style
def test_in_a_pause_nothing_is_held(style):
    sheet = sheet_in(4, 2, n_bars=2)
    pauses_s = np.array([0, 0, 0, 2.0, 0, 0, 0, 0])
    grid = TimeGrid(np.concatenate([[0.0], np.cumsum(0.5 + pauses_s)]), 4, pauses_s=pauses_s)
    for stroke in strokes_of(arrange_carol(sheet, grid, style)):
        assert stroke.start_s + stroke.length_s <= 2.01 or stroke.start_s >= 3.99


def test_a_sheet_without_notes_and_bars_is_arranged():
    sheet = replace(song(), notes=(), bars=())
    assert strokes_of(arrange_carol(sheet, TimeGrid.of(sheet), STYLES["bells"]))


def test_bars_that_do_not_fit_the_sheet_are_told_by_its_energies():
    sheet = song()
    other = replace(sheet, bars=(BarShape(0.0, 4.0, 0.0, 3.0),))
    grid, style = TimeGrid.of(sheet), STYLES["piano"]
    assert arrange_carol(other, grid, style) == arrange_carol(replace(sheet, bars=()), grid, style)


def test_a_song_with_many_syllables_is_struck_less_often_by_others():
    sheet = SHEETS[1]
    sung = replace(
        sheet, text=tuple(Vowel(n.start, n.length, i % 6) for i, n in enumerate(sheet.notes))
    )
    grid = TimeGrid.of(sheet)
    struck, less = (
        sum(len(part.strokes) for part in arrange_carol(some, grid, STYLES["a_cappella"]))
        for some in (sheet, sung)
    )
    assert less < struck


@each_style
def test_choirs_have_the_text_of_the_song_with_the_tune_and_in_held_chords_alone(style):
    vowels = tuple(Vowel(n.start, n.length, i % 6) for i, n in enumerate(SHEETS[1].notes))
    sheet = replace(SHEETS[1], text=vowels)
    grid = TimeGrid.of(sheet, np.random.default_rng(0), 0.02)
    for part in arrange_carol(sheet, grid, style):
        if not instrument_of(part).vowel or part.name.split()[2] not in ("sing", "hold"):
            assert part.text == ()
            continue
        assert [sung.vowel for sung in part.text] == [vowel.vowel for vowel in vowels]
        starts_s = [sung.start_s for sung in part.text]
        np.testing.assert_allclose(starts_s, grid.time_s([v.start for v in vowels]))
    assert all(part.text == () for part in arrange_carol(SHEETS[1], grid, style))
