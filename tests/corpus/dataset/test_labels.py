"""Labels of a song by its lead sheet."""

import numpy as np
import pytest
from metres import ALL_METRES, changing_sheet, sheet_in

from kcarol.config import AudioConfig
from kcarol.corpus.dataset.labels import sheet_labels
from kcarol.corpus.lead_sheet.compose import compose
from kcarol.corpus.lead_sheet.tunes import tune
from kcarol.transcription.lead_sheet import TimeGrid

CFG = AudioConfig()
SHEETS = [compose(np.random.default_rng(seed), 20.0) for seed in range(8)] + [
    tune("Joy to the World")
]


@pytest.fixture(scope="module", params=range(len(SHEETS)), ids=[sheet.title for sheet in SHEETS])
def song(request):
    sheet = SHEETS[request.param]
    return sheet, TimeGrid.of(sheet, np.random.default_rng(request.param))


def test_labels_match_the_grid(song):
    sheet, grid = song
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(grid.length_s * CFG.sample_rate)))
    frames = np.round(grid.beat_times_s[:-1] * CFG.frame_rate).astype(int)
    assert np.array_equal(np.flatnonzero(labels.beat), np.unique(frames))
    assert np.array_equal(
        np.flatnonzero(labels.downbeat), frames[np.round(sheet.bar_starts()).astype(int)]
    )
    for note in sheet.notes:
        middle = round(float(grid.time_s(note.start + note.length / 2)) * CFG.frame_rate)
        assert labels.tune[middle] == note.pitch
        assert labels.onset[round(float(grid.time_s(note.start)) * CFG.frame_rate)]
    for chord in sheet.chords:
        middle = round(float(grid.time_s(chord.start + chord.length / 2)) * CFG.frame_rate)
        assert set(np.flatnonzero(labels.chord[middle])) == set(chord.pitch_classes)
        assert labels.bass[middle] == chord.bass_class
    assert 0 <= labels.beat_position.min() and labels.bar_position.max() < 1


@pytest.mark.parametrize(("beats", "division"), ALL_METRES)
def test_accents_lie_on_the_parts_of_beats_that_the_groove_strikes(beats, division):
    sheet = sheet_in(beats, division)
    grid = TimeGrid.of(sheet)
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(grid.length_s * CFG.sample_rate)))
    parts = [i / division for i in range(8 * beats * division)]
    struck = [p for i, p in enumerate(parts) if sheet.accents[i % (beats * division)] >= 0.5]
    frames = np.round(np.array(struck) * 60 / sheet.tempo_bpm * CFG.frame_rate)
    assert np.array_equal(np.flatnonzero(labels.accent), frames)


def test_positions_rise_through_bars_of_changing_length():
    sheet = changing_sheet()
    grid = TimeGrid.of(sheet)
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(grid.length_s * CFG.sample_rate)))
    middles = [2.0, 14.0, 19.5, 40.5, 46.0, 58.0]  # beats, halfway through their bars
    frames = np.round(np.array(middles) * 60 / sheet.tempo_bpm * CFG.frame_rate).astype(int)
    assert labels.bar_position[frames] == pytest.approx(0.5, abs=0.02)
    assert labels.downbeat.sum() == 12 and labels.beat.sum() == 60
    wraps = np.flatnonzero(np.diff(labels.bar_position) < -0.5) + 1
    assert np.abs(wraps[:11] - np.flatnonzero(labels.downbeat)[1:]).max() <= 1


def test_in_a_pause_there_is_neither_tune_nor_chord():
    sheet = sheet_in(4, 2, n_bars=2)
    pauses_s = np.array([0, 0, 0, 2.0, 0, 0, 0, 0])
    times_s = np.concatenate([[0.0], np.cumsum(0.5 + pauses_s)])
    grid = TimeGrid(times_s, 4, pauses_s=pauses_s)
    labels = sheet_labels(sheet, grid, CFG, CFG.n_frames(round(6.0 * CFG.sample_rate)))
    pause = slice(round(2.05 * CFG.frame_rate), round(3.95 * CFG.frame_rate))
    assert (labels.tune[pause] < 0).all() and not labels.chord[pause].any()
    assert not labels.beat[pause].any() and labels.beat.sum() == 8
    assert labels.chord[pause.stop + 6].any() and labels.chord[pause.start - 6].any()
