"""All of an evaluation in one table."""

from __future__ import annotations

import pytest

from kcarol.evaluation.evaluate import evaluate


def test_nothing_to_evaluate_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate(lambda wave, style: wave, tmp_path)
