"""Polyphase decimation to a wave's lowest octaves, and interpolation, on any device."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

PASSBAND = 0.85  # share of a low rate's bins that its filter leaves alone
TAPS = 32  # of the filter, for each sample of the low rate
KAISER_BETA = 8.0  # -80 dB where the mirror image of the passband begins
BLOCK = 1 << 15  # samples of the low rate filtered at once: 4 MB


def lowpass(factor: int) -> Tensor:
    """(TAPS * factor + 1,) taps of sum 1: a sinc in a Kaiser window."""
    n_taps = TAPS * factor + 1
    time = (torch.arange(n_taps) - n_taps // 2) / factor
    taps = torch.sinc(time) * torch.kaiser_window(n_taps, periodic=False, beta=KAISER_BETA)
    return taps / taps.sum()


class Decimator(nn.Module):
    """1 / `factor` of a sample rate."""

    def __init__(self, factor: int):
        super().__init__()
        self.factor = factor
        taps = lowpass(factor)
        self.reach = len(taps) // 2
        polyphase = nn.functional.pad(taps, (0, -len(taps) % factor)).view(-1, factor)
        self.register_buffer("polyphase", polyphase, persistent=False)

    def down(self, wave: Tensor) -> Tensor:
        """(T,) -> (ceil(T / factor),).

        One matrix product of all samples and taps, then the sum of each diagonal: five times as
        fast as conv1d.
        """
        n_taps = len(self.polyphase)
        n = math.ceil(len(wave) / self.factor)
        end = (n + n_taps - 1) * self.factor - self.reach - len(wave)
        rows = nn.functional.pad(wave, (self.reach, end)).view(-1, self.factor)
        low = wave.new_empty(n)
        for out, first in zip(low.split(BLOCK), range(0, n, BLOCK), strict=True):
            products = rows[first : first + len(out) + n_taps - 1] @ self.polyphase.T
            diagonals = products.as_strided((len(out), n_taps), (n_taps, n_taps + 1))
            torch.sum(diagonals, 1, out=out)
        return low

    def add_up_(self, wave: Tensor, low: Tensor) -> Tensor:
        """Adds (t,) at the low rate to (T,) at the full one, in place; T at most t * factor."""
        n_taps = len(self.polyphase)
        taps = self.polyphase.flip(0) * self.factor
        reach = self.reach // self.factor
        windows = nn.functional.pad(low, (n_taps - 1 - reach, reach)).unfold(0, n_taps, 1)
        blocks = zip(wave.split(BLOCK * self.factor), windows.split(BLOCK), strict=True)
        for out, rows in blocks:
            out += (rows @ taps).flatten()[: len(out)]
        return wave
