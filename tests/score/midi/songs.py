"""Scores with all that time can do, for tests of MIDI."""

from dataclasses import replace

import numpy as np

from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TimeGrid
from tests.metres import changing_sheet, sheet_in


def steady_score(beats=4, division=2):
    return Score.of_sheet(sheet_in(beats, division))


def moving_score(swing=0.0, pauses_s=()):
    """Of beats that wander, after a silence; `pauses_s`: (beat, seconds) at the ends of beats."""
    sheet = replace(changing_sheet(), swing=swing)
    n_beats = round(sheet.n_beats)
    rng = np.random.default_rng(0)
    silences_s = np.zeros(n_beats)
    for beat, pause_s in pauses_s:
        silences_s[beat] = pause_s
    lengths_s = rng.uniform(0.4, 0.7, n_beats) + silences_s
    times_s = 1.234 + np.append(0, np.cumsum(lengths_s))
    grid = TimeGrid(times_s, 4, swing, silences_s if pauses_s else None)
    return Score.of_sheet(sheet, grid)


def picked_up_score(missing=2):
    """Whose first bar lacks beats."""
    score = moving_score()
    times_s = score.grid.beat_times_s.copy()
    times_s[: missing + 1] = times_s[missing] - 0.004 * np.arange(missing, -1, -1)
    sheet = replace(score.sheet, notes=score.sheet.notes[1:])
    return Score.of_sheet(sheet, replace(score.grid, beat_times_s=times_s))


def same(score, other):
    """Whether two scores play the same."""
    return (
        score.sheet == other.sheet
        and np.array_equal(score.grid.beat_times_s, other.grid.beat_times_s)
        and np.array_equal(score.level.fade_db, other.level.fade_db)
        and score.level.n_samples == other.level.n_samples
    )
