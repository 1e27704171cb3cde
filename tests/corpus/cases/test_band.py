"""How a case sounds."""

import numpy as np
import pytest

from kcarol.corpus.cases.draw import draw_case
from kcarol.evaluation.metrics import onset_envelope
from kcarol.evaluation.metrics.waves import HOP

RATE = 16_000


def level_at(wave, hz, start_s, end_s):
    """Amplitude of a frequency in a stretch of a wave."""
    part = wave[int(start_s * RATE) : int(end_s * RATE)]
    return abs(np.dot(part, np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE))) / len(part)


@pytest.mark.parametrize("kind", ["steady", "step", "6/8", "7/8", "drums alone"])
def test_the_band_strikes_on_the_beats_and_not_beside_them(kind):
    case = draw_case(kind, 0)
    envelope = onset_envelope(case.wave)
    frames = np.round(case.beats_s * RATE / HOP).astype(int)
    quarter = np.round(np.diff(case.beats_s, append=case.length_s) / 4 * RATE / HOP).astype(int)
    near = np.array([envelope[max(0, f - 1) : f + 3].max() for f in frames[1:-1]])
    beside = envelope[(frames + quarter)[1:-1]]
    assert np.mean(near > beside) > 0.9


@pytest.mark.parametrize("kind", ["sung alone", "alone and off", "low voice", "riff"])
def test_the_tune_sounds_at_its_pitch_in_the_pieces_tuning(kind):
    case = draw_case(kind, 0)
    right, wrong = 0.0, 0.0
    for note in case.tune:
        if note.length_s < 0.3:
            continue
        cents = case.tuning_at(note.start_s)
        hz = [440 * 2 ** ((note.pitch - 69 + s + cents / 100) / 12) for s in (0, 1)]
        span = (note.start_s + 0.1, note.start_s + note.length_s - 0.05)
        levels = [sum(level_at(case.wave, k * f, *span) for k in (1, 2, 3)) for f in hz]
        right, wrong = right + levels[0], wrong + levels[1]
    assert right > 2 * wrong


def test_rests_are_silent():
    case = draw_case("pause", 0)
    ((start_s, end_s),) = case.rests_s
    rest = case.wave[int(start_s * RATE) : int(end_s * RATE)]
    assert len(rest) > RATE and np.sqrt(np.mean(rest**2)) < 1e-3 * np.sqrt(np.mean(case.wave**2))
