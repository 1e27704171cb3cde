import numpy as np
import pytest

from kcarol.config import AudioConfig
from kcarol.score.score import RING_S, Score
from kcarol.transcription.lead_sheet import Chord, LeadSheet, Note


@pytest.fixture
def sheet():
    return LeadSheet(
        "two bars", 120.0, 4, 0, "major", (Note(0, 4, 64),), (Chord(0, 8, 0),), sections=()
    )


def test_a_score_without_a_record_lasts_as_long_as_its_sheet_and_rings_out(sheet):
    score, audio = Score.of_sheet(sheet), AudioConfig()
    length_s = score.level.n_samples / audio.sample_rate
    assert length_s == pytest.approx(sheet.length_s + RING_S, abs=1 / audio.frame_rate)
    assert len(score.tuning_cents) == len(score.level.loudness_db) == len(score.level.fade_db)


def test_a_score_without_a_record_keeps_the_tempo_of_its_sheet(sheet):
    np.testing.assert_allclose(Score.of_sheet(sheet).grid.beat_times_s, np.arange(9) / 2)
