"""Facts about the choice of precision."""

import pytest
import torch

from kcarol.model.device import autocast_dtype

CPU = torch.device("cpu")


def test_precision_names_become_dtypes():
    assert autocast_dtype("bf16", CPU) == torch.bfloat16
    assert autocast_dtype("fp32", CPU) is None
    assert autocast_dtype("auto", torch.device("mps")) is None
    with pytest.raises(ValueError, match="auto, fp32, bf16 or fp16, found 'fp8'"):
        autocast_dtype("fp8", CPU)
