"""Simple sounds that several test files use."""

import numpy as np


def sine(hz, seconds=1.0, rate=16_000, amplitude=0.3):
    """(T,) float32."""
    time_s = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)
