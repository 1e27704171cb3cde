"""Phases that continue from frame to frame: single pass spectrogram inversion.

Beauregard, Harish and Wyse, "Single pass spectrogram inversion" (DSP 2015).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class CarriedPhases:
    """Phases of a piece's frames, carried to the next piece of a song so that tones continue."""

    def __init__(self):
        self.known = torch.zeros(0, 1)  # (f, K), of the first frames of the next piece
        self._all = torch.zeros(0, 1)  # (F, K), of all frames of the last piece

    def record_(self, phases: Tensor) -> None:
        """Keeps the phases (F, K) of a piece."""
        self._all = phases

    def advance_(self, first: int, stop: int) -> None:
        """Makes the frames [first, stop) of the last piece the first ones of the next."""
        self.known = self._all[first:stop]


def peaks(magnitude: Tensor) -> tuple[Tensor, Tensor]:
    """(f, K) -> for each bin the peak on whose slope it lies, and that peak's frequency in bins.

    Both are (f, K), int64 and float. The frequency is the top of a parabola through three log
    magnitudes.
    """
    floor = 1e-7
    level = nn.functional.pad(magnitude.clamp_min(floor).log(), (1, 1), value=math.log(floor))
    left, centre, right = level[:, :-2], level[:, 1:-1], level[:, 2:]
    n_bins = magnitude.shape[1]
    bins = torch.arange(n_bins, device=magnitude.device)
    is_peak = (left >= centre) & (left >= right)
    rises = (right > centre) & (right > left)
    peak = (bins + rises.int() - is_peak.int()).clamp(0, n_bins - 1)
    # each bin points at its higher neighbour; following pointers to pointers doubles their reach
    for _ in range(math.ceil(math.log2(n_bins))):
        peak = peak.gather(1, peak)
    curvature = (left - 2 * centre + right).clamp_max(-1e-6)
    offset = (0.5 * (left - right) / curvature).clamp(-0.5, 0.5)
    return peak, (bins + offset).gather(1, peak)


def continued_phases(phase: Tensor, peak: Tensor, turn: Tensor) -> Tensor:
    """Phases (f, K) in radians, each row from the one before: phase[i - 1, peak[i]] + turn[i].

    `phase` (K,) precedes the first row; `peak` (f, K) int64; `turn` (f, K) radians. The rows are
    cut into about sqrt(f) spans that are computed side by side, each relative to its still
    unknown start, and then the spans' starts one after the other.
    """
    n_frames, n_bins = peak.shape
    if not n_frames:
        return turn
    length = math.isqrt(n_frames - 1) + 1
    missing = -n_frames % length
    bins = torch.arange(n_bins, device=phase.device)
    peak = torch.cat([peak, bins.expand(missing, -1)]).view(-1, length, n_bins)
    turn = nn.functional.pad(turn, (0, 0, 0, missing)).view(-1, length, n_bins)

    # in each span: the bin of its start that a phase comes from, and the angle turned since
    origin, turned = torch.empty_like(peak), torch.empty_like(turn)
    source, angle = bins.expand(len(peak), -1), torch.zeros_like(turn[:, 0])
    for i in range(length):
        origin[:, i] = source = source.gather(1, peak[:, i])
        turned[:, i] = angle = (angle.gather(1, peak[:, i]) + turn[:, i]) % (2 * math.pi)

    start = torch.empty_like(angle)
    for i in range(len(start)):
        start[i] = phase
        phase = (phase[origin[i, -1]] + turned[i, -1]) % (2 * math.pi)
    phases = start[:, None].expand_as(turned).gather(2, origin) + turned
    return phases.view(-1, n_bins)[:n_frames]
