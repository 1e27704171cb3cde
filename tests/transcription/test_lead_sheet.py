"""Lead sheets: beats, bars and metres; and the times of beats."""

from dataclasses import replace

import numpy as np
import pytest
from metres import ALL_METRES, changing_sheet, sheet_in

from kcarol.corpus.lead_sheet.compose import compose
from kcarol.transcription.lead_sheet import Metre, TimeGrid


def test_energy_of_a_beat_is_its_sections():
    sheet = compose(np.random.default_rng(0), 20.0)
    for section in sheet.sections:
        assert sheet.energy_at(section.start + section.length / 2) == section.energy


def test_a_metre_tells_places_and_parts_of_its_bars():
    twelve_eight = Metre(8.0, 4, 3)
    assert twelve_eight.parts_per_bar == 12
    assert [twelve_eight.place(beat) for beat in (8, 9.5, 11, 12, 13)] == [0, 1.5, 3, 0, 1]
    thirds = [twelve_eight.part(12 + k / 3) for k in range(13)]
    assert thirds == [*range(12), 0]
    assert twelve_eight.part(12.5) is None and Metre(0.0, 5).part(7.5) == 5


@pytest.mark.parametrize(("beats", "division"), ALL_METRES)
def test_in_one_metre_bars_and_parts_are_evenly_spaced(beats, division):
    sheet = sheet_in(beats, division)
    assert sheet.bar_starts().tolist() == list(range(0, 8 * beats, beats))
    assert np.allclose(sheet.part_starts() * division, np.arange(8 * beats * division))


def test_after_a_change_bars_begin_anew_and_have_their_own_length():
    sheet = changing_sheet()
    assert sheet.bar_starts().tolist() == [0, 4, 8, 12, 16, 23, 30, 37, 44, 48, 52, 56]
    assert [sheet.metre_at(beat).beats_per_bar for beat in (0, 15.9, 16, 43.5, 44, 59)] == [
        4,
        4,
        7,
        7,
        4,
        4,
    ]
    parts = sheet.part_starts()
    assert len(parts) == 2 * 16 + 2 * 28 + 3 * 16 and np.all(np.diff(parts) > 0)


def test_a_groove_is_read_in_the_parts_of_its_sections_metre():
    sheet = changing_sheet()
    grooves = [(1.0,) + (0.0,) * 7, (0.0,) * 13 + (1.0,), (0.0, 0.0, 1.0) * 4]
    sections = tuple(
        replace(section, accents=groove)
        for section, groove in zip(sheet.sections, grooves, strict=True)
    )
    sheet = replace(sheet, sections=sections)
    accented = [beat for beat in sheet.part_starts() if sheet.is_accented(beat)]
    expected = [0, 4, 8, 12, 22.5, 29.5, 36.5, 43.5, *(44 + 2 / 3 + k for k in range(16))]
    assert accented == pytest.approx(expected)
    assert not sheet.is_accented(44.5)


def test_what_lasts_until_a_pause_ends_before_it_and_what_follows_begins_after_it():
    grid = TimeGrid(np.array([0.0, 0.5, 3.0, 3.5]), 3, pauses_s=np.array([0.0, 2.0, 0.0]))
    assert grid.time_s([0, 1, 1.5, 2, 3]).tolist() == [0, 0.5, 0.75, 3.0, 3.5]
    assert grid.end_s([0, 1, 1.5, 2, 3]).tolist() == [0, 0.5, 0.75, 1.0, 3.5]
    assert grid.length_s == 3.5 and float(grid.time_s(99)) == 3.5
    assert grid.beats_at([0, 0.5, 0.75, 2.0, 3.0, 3.5]).tolist() == [0, 1, 1.5, 2, 2, 3]


def test_without_pauses_beginnings_and_ends_fall_together():
    grid = TimeGrid.of(changing_sheet(), np.random.default_rng(0), 0.02)
    beats = np.arange(0, 60, 0.25)
    assert np.allclose(grid.time_s(beats), grid.end_s(beats))
    assert np.allclose(grid.time_s(np.arange(61)), grid.beat_times_s)
    assert np.allclose(grid.beats_at(grid.time_s(beats)), beats)
