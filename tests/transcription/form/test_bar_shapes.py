"""Facts about the bars of a record: as loud and as busy as what sounds in them."""

from dataclasses import replace

import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.transcription.form.bar_shapes import as_composed, means_between, measured
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Metre, Section, TimeGrid

AUDIO = AudioConfig()
RATE = AUDIO.sample_rate


def sheet_of(n_bars=8, bar=4):
    half = n_bars * bar / 2
    return LeadSheet(
        "two halves",
        120.0,
        bar,
        0,
        "major",
        notes=(),
        chords=(Chord(0.0, 2 * half, 0),),
        sections=(Section("verse", 0, half, 0.3), Section("chorus", half, half, 0.9)),
        accents=(1.0, 0.0) * bar,
    )


def record_of(sheet, grid):
    """(T,): a soft note a bar, then a loud one a beat."""
    rng = np.random.default_rng(0)
    wave = 1e-4 * rng.standard_normal(round(grid.length_s * RATE))
    middle = sheet.n_beats / 2
    soft, loud = np.arange(0, middle, sheet.beats_per_bar), np.arange(middle, sheet.n_beats)
    for beat in [*soft, *loud]:
        first = round(float(grid.time_s(beat)) * RATE)
        t = np.arange(min(RATE // 2, len(wave) - first)) / RATE
        amplitude = 0.03 if beat < middle else 0.3
        wave[first : first + len(t)] += amplitude * np.exp(-6 * t) * np.sin(2764 * t)
    return wave.astype(np.float32)


def test_each_bar_is_as_loud_and_busy_as_its_record():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    bars = measured(sheet, grid, record_of(sheet, grid), AUDIO).bars
    assert [bar.start for bar in bars] == [4.0 * i for i in range(8)]
    assert [bar.length for bar in bars] == [4.0] * 8
    soft, loud = bars[1:3], bars[5:7]
    assert all(-3 < bar.level_db < 3 for bar in loud) and all(bar.level_db < -15 for bar in soft)
    assert min(bar.strokes_per_s for bar in loud) > 2 * max(bar.strokes_per_s for bar in soft)


def test_bars_follow_the_metre_and_the_last_may_be_short():
    sheet = replace(sheet_of(), changes=(Metre(16.0, 3),))
    grid = TimeGrid.of(sheet)
    bars = measured(sheet, grid, record_of(sheet, grid), AUDIO).bars
    assert [bar.start for bar in bars] == [0, 4, 8, 12, 16, 19, 22, 25, 28, 31]
    assert bars[-1].end == sheet.n_beats == 32


def test_silence_is_soft_and_still():
    sheet = sheet_of()
    grid = TimeGrid.of(sheet)
    bars = measured(sheet, grid, np.zeros(round(grid.length_s * RATE), np.float32), AUDIO).bars
    assert {(bar.level_db, bar.strokes_per_s) for bar in bars} == {(-60.0, 0.0)}


def test_without_a_record_bars_follow_energy_and_groove():
    bars = as_composed(sheet_of()).bars
    assert bars[0].level_db == pytest.approx(-9) and bars[-1].level_db == 0
    assert {bar.strokes_per_s for bar in bars} == {2.0}


def test_means_take_shares_of_frames_and_the_value_where_a_span_is_empty():
    values = np.array([0.0, 1.0, 3.0])
    assert means_between(values, np.array([0, 1.5, 3])) == pytest.approx([1 / 3, 7 / 3])
    assert means_between(values, np.array([1.0, 1.0, 9.0])) == pytest.approx([1, 2])
