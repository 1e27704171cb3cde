"""Loudness of a file's sound at its own rate, as two loudspeakers play it, while it goes by."""

from __future__ import annotations

import numpy as np

from kcarol.audio.loudness import BLOCK_STEP_S, SETTLING_STEPS, gated_lufs, step_powers


class LoudnessMeter:
    """Integrated loudness by ITU-R BS.1770-4 of chunks whose rate may change."""

    def __init__(self) -> None:
        self.powers = np.zeros(0)  # of the steps so far
        self.rate = 0
        self.waiting = np.zeros((2, 0), np.float32)  # steps that the filters settle on, and a rest
        self.n_settling = 0  # of them

    def add(self, rate: int, stereo: np.ndarray) -> None:
        """Samples (n, 2) at a rate in Hz."""
        if rate != self.rate:
            self.rate, self.n_settling, self.waiting = rate, 0, np.zeros((2, 0), np.float32)
        wave = np.concatenate([self.waiting, stereo.T], axis=1)
        powers = step_powers(wave, rate)
        self.powers = np.append(self.powers, powers[self.n_settling :])
        self.n_settling = min(SETTLING_STEPS, len(powers))
        n_done = (len(powers) - self.n_settling) * round(BLOCK_STEP_S * rate)
        self.waiting = wave[:, n_done:]

    @property
    def lufs(self) -> float:
        """Of all so far; -inf for silence, or less than .4 s."""
        return gated_lufs(self.powers)
