"""Facts about the choice of device and precision."""

import pytest
import torch

from kcarol.model.device import autocast_dtype, best_device, fast_inference, has_bf16, widest_float

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "cuda, mps, expected", [(True, True, "cuda:3"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_is_cuda_then_mps_then_cpu(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert str(best_device()) == expected


def test_mps_is_given_no_float64():
    assert widest_float(torch.device("mps")) == torch.float32
    assert widest_float(CPU) == torch.float64


def test_inference_is_in_bfloat16_where_the_hardware_has_it():
    with fast_inference("cpu"):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    expected = torch.bfloat16 if has_bf16(CPU) else torch.float32
    assert product.dtype == expected


def test_precision_names_become_dtypes():
    assert autocast_dtype("bf16", CPU) == torch.bfloat16
    assert autocast_dtype("fp32", CPU) is None
    assert autocast_dtype("auto", torch.device("mps")) is None
    with pytest.raises(ValueError, match="auto, fp32, bf16 or fp16, found 'fp8'"):
        autocast_dtype("fp8", CPU)
