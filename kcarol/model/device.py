"""Which device to compute on, and in which precision."""

from __future__ import annotations

import os

import torch


def best_device() -> torch.device:
    """The accelerator of this machine (under torchrun, of this process), or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def widest_float(device: torch.device) -> torch.dtype:
    """float64; on Apple's MPS, which lacks it, float32."""
    return torch.float32 if device.type == "mps" else torch.float64


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Dtype for autocast, None for float32; "auto" is bf16 where the hardware multiplies in it."""
    if precision == "auto":
        precision = "bf16" if has_bf16(device) else "fp32"
    try:
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    except KeyError:
        raise ValueError(
            f"precision must be auto, fp32, bf16 or fp16, found {precision!r}"
        ) from None


def fast_inference(device: torch.device | str) -> torch.autocast:
    """Autocast to bfloat16 where the hardware has it: half the time, the same log-mel error."""
    device = torch.device(device)
    kind = device.type if device.type in ("cpu", "cuda") else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=has_bf16(device))
