"""Labels of a song by its lead sheet."""

import numpy as np
import pytest

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
