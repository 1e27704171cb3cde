"""Griffin-Lim passes that fit a wave to a target, starting from the wave's own phases.

Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (1984), with
momentum as in Perraudin, Balazs and Søndergaard, "A fast Griffin-Lim algorithm" (WASPAA 2013).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# A pass corrects every second frame, the even and the odd ones in turn: this converges in as many
# passes as correcting all frames does, at half the cost. With every fourth it diverges.
STRIDE = 2
FAR_PASSES = 4  # the passes that each carry a change as far as a frame is long
MAX_NATS = 3.0  # the most by which a pass raises or lowers a bin
RUMBLE = (
    2.0  # bins below all bands may have this times the lowest band's magnitude; else they drift
)
# windowed samples corrected at once, 2 MB a tensor: more exceed the cache, fewer leave threads idle
CACHED_SAMPLES = 1 << 19
GPU_SAMPLES = 1 << 25


class PhaseRefinement(nn.Module):
    """Repeatedly scales a wave's spectrum towards a target and resynthesises the wave."""

    def __init__(self, n_fft: int, hop_length: int, passes: int, momentum: float):
        super().__init__()
        if n_fft % (2 * STRIDE * hop_length):
            raise ValueError(
                f"n_fft must be a multiple of {2 * STRIDE} hops ({2 * STRIDE * hop_length}), "
                f"found {n_fft}"
            )
        self.n_fft = n_fft
        self.hop = hop_length
        self.passes = passes
        self.momentum = momentum
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def scale_(self, spectrum: Tensor, target: Tensor) -> Tensor:
        """Scales each bin of (f, N/2 + 1), in place, towards `target` (f, K)."""
        raise NotImplementedError

    @property
    def reach(self) -> int:
        """Samples on each side that a refined sample depends on; a multiple of STRIDE hops.

        Many passes depend on less context than the sum of theirs: contributions from beyond are
        smaller than rounding.
        """
        return min(self.passes, FAR_PASSES + self.passes // 4) * self.n_fft

    def refine(self, wave: Tensor, target: Tensor) -> Tensor:
        """Wave (T,) and target (F, K), F == 1 + T // hop -> refined wave (T,) float32."""
        inside = slice(self.n_fft // 2, self.n_fft // 2 + len(wave))
        targets = [target[k::STRIDE].contiguous() for k in range(min(STRIDE, len(target)))]
        weights = self._overlap_weights(len(target), inside)
        last = self._padded(wave, len(target))
        extrapolated = last.clone()
        made = torch.empty_like(last)
        for turn in range(self.passes):
            k = turn % len(targets)
            offset = k * self.hop
            self._scale_frames(extrapolated[offset:], targets[k], made.zero_()[offset:])
            made.mul_(weights[k])
            torch.lerp(last, made, 1 + self.momentum, out=extrapolated)
            last, made = made, last
        return last[inside].clone()

    def _padded(self, wave: Tensor, n_frames: int) -> Tensor:
        """The wave with zeros around it: the samples under `n_frames` centred frames."""
        half = self.n_fft // 2
        return nn.functional.pad(wave, (half, (n_frames - 1) * self.hop + half - len(wave)))

    def _overlap_weights(self, n_frames: int, inside: slice) -> list[Tensor]:
        """For each turn: 1 / (overlap-added squared windows of its frames) inside, 0 outside."""
        weights = []
        for turn in range(min(STRIDE, n_frames)):
            energy = self.window.new_zeros((n_frames - 1) * self.hop + self.n_fft)
            windows = self.window.expand(len(range(turn, n_frames, STRIDE)), -1)
            self._overlap_add(windows, STRIDE * self.hop, energy[turn * self.hop :])
            weight = torch.zeros_like(energy)
            weight[inside] = 1 / energy[inside].clamp_min(1e-8)
            weights.append(weight)
        return weights

    def _scale_frames(self, wave: Tensor, target: Tensor, out: Tensor) -> None:
        """Adds every second frame of `wave`, scaled towards `target` (f, K), to `out`."""
        step = STRIDE * self.hop
        frames = wave.unfold(0, self.n_fft, step)
        size = max(1, (GPU_SAMPLES if wave.is_cuda else CACHED_SAMPLES) // self.n_fft)
        for first in range(0, len(target), size):
            wanted = target[first : first + size]
            spectrum = torch.fft.rfft(frames[first : first + len(wanted)] * self.window)
            scaled = torch.fft.irfft(self.scale_(spectrum, wanted), self.n_fft)
            self._overlap_add(scaled, step, out[first * step :])

    def _overlap_add(self, frames: Tensor, step: int, out: Tensor) -> None:
        """Adds windowed frames (f, N), each `step` samples after the one before, to `out` (T,)."""
        n_apart = self.n_fft // step  # frames this far apart share no sample and lie side by side
        for k in range(min(n_apart, len(frames))):
            rows = frames[k::n_apart]
            out[k * step :][: rows.numel()].view_as(rows).addcmul_(rows, self.window)


def power(spectrum: Tensor) -> Tensor:
    """Squared magnitudes; `abs` guards against overflow, at three times the cost."""
    squares = torch.view_as_real(spectrum).square()
    return torch.add(squares[..., 0], squares[..., 1])
