"""Facts about the threshold between two kinds of values."""

import numpy as np

from kcarol.transcription.activations import otsu_threshold


def test_the_threshold_lies_between_two_kinds_of_values():
    weak, strong = [0.1, 0.2, 0.15], [0.9, 0.8]
    threshold, contrast = otsu_threshold(np.array(weak + strong))
    assert np.isclose(threshold, 0.5) and np.isclose(contrast, 0.7)
    assert otsu_threshold(np.array([0.4])) == otsu_threshold(np.zeros(0)) == (0, 0)
