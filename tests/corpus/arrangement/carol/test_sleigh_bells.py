"""Sleigh bells."""

from dataclasses import replace

import numpy as np
import pytest
from metres import sheet_in

from kcarol.config import AudioConfig
from kcarol.corpus.arrangement.carol.arrange import arrange_carol
from kcarol.corpus.arrangement.carol.sleigh_bells import sleigh_bells
from kcarol.corpus.arrangement.carol.styles import STYLES
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.editing import drums_alone
from kcarol.transcription.lead_sheet import ACCENT, TimeGrid

CFG = AudioConfig()
SHEETS = [compose(np.random.default_rng(0), 20.0, plain=True)]


@pytest.mark.parametrize(
    "name", [name for name, style in STYLES.items() if style.sleigh_db is not None]
)
def test_sleigh_bells_are_silent_in_soft_sections_and_louder_in_full_ones(name):
    sheet, levels = SHEETS[0], []
    for energy in (0.3, 0.6, 0.9):
        steady = replace(
            sheet, sections=tuple(replace(section, energy=energy) for section in sheet.sections)
        )
        bells = sleigh_bells(
            steady, TimeGrid.of(steady), STYLES[name], CFG.sample_rate, 5 * CFG.sample_rate
        )
        levels.append(float(np.abs(bells).max()))
    assert levels[0] == 0 < levels[1] < levels[2]


@pytest.mark.parametrize("name", STYLES)
def test_where_drums_are_alone_sleigh_bells_are_on_the_grooves_strokes_and_nothing_else_is_struck(
    name,
):
    sheet = drums_alone(SHEETS[0], 0, 1)
    grid, bar = TimeGrid.of(sheet), sheet.beats_per_bar
    end_s, size = float(grid.time_s(bar)), round(grid.length_s * CFG.sample_rate)
    assert all(
        stroke.start_s >= end_s - 1e-6
        for part in arrange_carol(sheet, grid, STYLES[name])
        for stroke in part.strokes
    )
    bells = sleigh_bells(sheet, grid, replace(STYLES[name], sleigh_db=None), CFG.sample_rate, size)
    struck = [float(grid.time_s(k / 2)) for k in range(2 * bar) if sheet.accents[k] >= ACCENT]
    at = [round(time_s * CFG.sample_rate) for time_s in struck]
    assert struck and all(np.abs(bells[i : i + 800]).max() > 0.01 for i in at)
    assert not bells[: at[0]].any() and not bells[round((end_s + 0.4) * CFG.sample_rate) :].any()
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(size))
    inside = slice(0, int(end_s * CFG.frame_rate) - 1)
    assert (
        not labels.chord[inside].any()
        and (labels.bass[inside] < 0).all()
        and labels.chord[inside.stop + 2 :].any(1).all()
    )


def test_sleigh_bells_follow_the_beat_of_a_wandering_grid():
    sheet = replace(
        SHEETS[0], sections=tuple(replace(s, energy=0.9) for s in SHEETS[0].sections), swing=0.0
    )
    grid = TimeGrid.of(sheet, np.random.default_rng(3), drift=0.03)
    bells = sleigh_bells(
        sheet, grid, STYLES["bells"], CFG.sample_rate, round(grid.length_s * CFG.sample_rate)
    )
    before = [
        np.abs(bells[round(t * 16_000) - 160 : round(t * 16_000)]).max()
        for t in grid.beat_times_s[1:-1]
    ]
    after = [
        np.abs(bells[round(t * 16_000) : round(t * 16_000) + 800]).max()
        for t in grid.beat_times_s[1:-1]
    ]
    assert np.mean(after) > 3 * np.mean(before)


def test_styles_without_sleigh_bells_have_none():
    grid = TimeGrid.of(SHEETS[0])
    assert not sleigh_bells(SHEETS[0], grid, STYLES["choir"], 16_000, 16_000).any()


def test_in_compound_time_bells_shake_on_beats_and_with_drums_alone_on_thirds():
    sheet = replace(sheet_in(2, 3, tempo_bpm=50.0), accents=(1.0, 0.0, 0.9, 0.0, 0.0, 0.8))
    grid = TimeGrid.of(sheet)
    size = round(grid.length_s * CFG.sample_rate)

    def struck(some, style):
        bells = sleigh_bells(some, grid, style, CFG.sample_rate, size)
        thirds = [round(k * 0.4 * CFG.sample_rate) for k in range(6)]
        return [bool(np.abs(bells[i : i + 800]).max() > 1e-3) for i in thirds]

    bells = STYLES["bells"]
    assert struck(sheet, bells) == [True, False, False, True, False, False]
    alone = drums_alone(sheet, 0, 1)
    assert struck(alone, replace(bells, sleigh_db=None)) == [True, False, True, False, False, True]
