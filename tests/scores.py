"""What tests of score files share: scores to write, and when two of them are the same."""

from dataclasses import fields

import numpy as np
from transcriptions import labels_of, transcription_of, with_text

from kcarol.corpus.lead_sheet.demo_songs import DEMO_SONGS
from kcarol.corpus.lead_sheet.draw_sheet import draw_sheet
from kcarol.score.score import Score
from kcarol.transcription.lead_sheet import TimeGrid

DRAWN_S = 60.0  # length of drawn sheets


def demo_score(title: str) -> Score:
    return Score.of_sheet(DEMO_SONGS[title].sheet)


def drawn_score(seed: int) -> Score:
    """Of a drawn sheet whose tempo wanders."""
    rng = np.random.default_rng(seed)
    sheet = draw_sheet(rng, DRAWN_S)
    return Score.of_sheet(sheet, TimeGrid.of(sheet, rng, drift=0.02))


def heard_score(title: str = "Oh Susanna") -> Score:
    """Of a transcription: a record's level, notes that are not quite in time, a text."""
    transcription = with_text(transcription_of(labels_of(title, drift=0.02)))
    return Score.of_transcription(transcription, title=title)


def assert_same_score(found: Score, expected: Score) -> None:
    """Equal to the last bit."""
    for field in fields(expected.sheet):
        value = getattr(expected.sheet, field.name)
        assert getattr(found.sheet, field.name) == value, field.name
    np.testing.assert_array_equal(found.grid.beat_times_s, expected.grid.beat_times_s)
    assert found.grid.swing == expected.grid.swing
    assert (found.grid.pauses_s is None) == (expected.grid.pauses_s is None)
    assert found.level.n_samples == expected.level.n_samples
    assert found.level.loudness == expected.level.loudness
    for name in ("fade_db", "loudness_db"):
        np.testing.assert_array_equal(getattr(found.level, name), getattr(expected.level, name))
    np.testing.assert_array_equal(found.tuning_cents, expected.tuning_cents)
