"""Facts about chords and bass."""

import numpy as np

from kcarol.transcription.harmony import decide_bass, decide_chords, mean_over_spans


def test_a_span_has_two_to_four_pitch_classes_or_silence():
    probability = np.full((3, 12), 0.1, np.float32)
    probability[0, :6] = 0.9
    probability[1, 4] = 0.9
    assert decide_chords(probability).sum(1).tolist() == [4, 2, 0]
    assert decide_chords(probability)[1, 4] == 1


def test_the_bass_is_the_likeliest_pitch_class_or_none():
    probability = np.zeros((3, 12), np.float32)
    probability[0, [3, 7]] = [0.3, 0.5]
    probability[1, [3, 7]] = [0.2, 0.3]  # silence: 0.5
    assert decide_bass(probability).tolist() == [7, -1, -1]


def test_spans_have_their_mean():
    mean = mean_over_spans(np.array([[0.0], [1.0], [0.5]]), [(0, 2), (2, 3)])
    assert mean.dtype == np.float32 and mean[:, 0].tolist() == [0.5, 0.5, 0.5]
