"""Any number of channels to two, for the ears of the listener; hearing reads `mono_mix`."""

from __future__ import annotations

import numpy as np

SURROUND_GAIN = 0.5**0.5  # of channels beyond the first two, in each ear: ITU-R BS.775


def stereo_mix(sound: np.ndarray) -> np.ndarray:
    """(n, channels) to (n, 2): one channel is heard on both sides; of more than two, those beyond
    left and right in the middle, at a level at which nothing clips.
    """
    n_channels = sound.shape[1]
    if n_channels == 1:
        return np.repeat(sound, 2, axis=1)
    if n_channels == 2:
        return sound
    around = SURROUND_GAIN * sound[:, 2:].sum(axis=1, keepdims=True)
    return (sound[:, :2] + around) / np.float32(1 + SURROUND_GAIN * (n_channels - 2))
