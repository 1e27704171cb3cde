"""From beats to seconds."""

import numpy as np

from kcarol.corpus.arrangement.humanise import Feel, humanise, without_spans
from kcarol.corpus.arrangement.pop.score import Event
from kcarol.transcription.lead_sheet import TimeGrid

GRID = TimeGrid(np.arange(17) * 0.5, 4)
EXACT = Feel(0.0, 0.0, 0.0)


def test_an_exact_player_strikes_on_the_grid():
    strokes = humanise([Event(2, 1, 60, 90)], GRID, EXACT, np.random.default_rng(0), False)
    assert [(s.start_s, s.length_s, s.pitch, s.velocity) for s in strokes] == [(1.0, 0.5, 60, 90)]


def test_one_note_at_a_time_ends_with_the_next():
    events = [Event(beat, 3, 60 + beat, 90) for beat in range(8)]
    feel = Feel(0.02, 0.01, 5.0)
    strokes = humanise(events, GRID, feel, np.random.default_rng(0), True)
    ends = [stroke.start_s + stroke.length_s for stroke in strokes]
    assert all(end <= s.start_s + 1e-9 for end, s in zip(ends, strokes[1:], strict=False))


def test_what_is_struck_together_stays_nearly_together():
    events = [Event(beat, 1, pitch, 90) for beat in range(12) for pitch in (60, 64, 67)]
    strokes = humanise(events, GRID, Feel(0.02, 0.0, 0.0), np.random.default_rng(0), False)
    starts = np.array([stroke.start_s for stroke in strokes]).reshape(-1, 3)
    assert np.ptp(starts, axis=1).max() <= 4 * 0.25 * 0.02 + 1e-9
    assert np.abs(starts.mean(1) - np.arange(12) / 2).max() > 0.01


def test_in_a_break_nothing_begins_and_nothing_rings_on():
    events = [Event(0, 8, 60, 90), Event(4, 1, 62, 90), Event(6, 1, 64, 90)]
    assert without_spans(events, [(4, 6)]) == [Event(0, 4, 60, 90), Event(6, 1, 64, 90)]
