"""Tunes over chords."""

import numpy as np

from kcarol.corpus.lead_sheet.melody import TICKS, TuneStyle, draw_melody, draw_tune_scale
from kcarol.transcription.lead_sheet import Chord

CHORDS = [Chord(4.0 * i, 4.0, root) for i, root in enumerate((0, 7, 5, 0) * 2)]
ACCENTS = (1.0, 0.3, 0.6, 0.3, 0.9, 0.3, 0.6, 0.3)


def test_notes_lie_in_the_range_and_on_the_grid_one_after_the_other():
    for seed, grid in enumerate((3, 4, 6, 12) * 10):
        rng = np.random.default_rng(seed)
        style = TuneStyle(55, 70, draw_tune_scale(rng, 0, "major"), grid)
        notes = draw_melody(rng, style, CHORDS, 4, ACCENTS)
        assert len(notes) > 8
        assert all(55 <= note.pitch <= 70 for note in notes)
        ticks = np.array([note.start for note in notes]) * TICKS
        assert np.allclose(ticks, np.round(ticks)) and (np.diff(ticks) > 0).all()
        ends = np.array([note.end for note in notes])
        assert (ends[:-1] <= ticks[1:] / TICKS + 1e-9).all() and ends[-1] <= 32 + 1e-9
