"""The lowest octaves of a wave, where phases count most."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from kcarol.audio.log_mel import mel_filters
from kcarol.audio.parallel import n_workers, parallel_map, single_threaded
from kcarol.config import AudioConfig
from kcarol.vocoder.refinement.decimation import PASSBAND, Decimator
from kcarol.vocoder.refinement.phase_continuation import CarriedPhases, continued_phases, peaks
from kcarol.vocoder.refinement.phase_refinement import (
    MAX_NATS,
    RUMBLE,
    STRIDE,
    PhaseRefinement,
    power,
)

BLOCK_FRAMES = 2048  # whose phases are started at once
N_SHARED_STARTED = 6  # bins above the single ones whose phases are started with them
IN_BAND = 1e-7  # minimum weight with which a bin belongs to a band


class LowBand(PhaseRefinement):
    """Refines the lowest octaves of a wave at a low sample rate.

    1. Up to 430 Hz each mel band is a single STFT bin, so the log-mel gives its magnitude:
       |X[t, k]| = exp(mel[t, k]) / weight[k]. Only the phases are missing.
    2. A tone of frequency f turns by 2 pi f hop / rate from frame to frame, and with it all bins
       on the slopes of its spectral peak: phase[t, k] = phase[t - 1, peak] + turn[peak].
    3. Griffin-Lim passes with momentum make these phases consistent with each other.
    4. At 1/16 of the sample rate, window and hop are 1/16 as long: frames and bins stay the same,
       and a pass costs 1/16, which allows many.
    5. What the passes changed is added to the wave: wave + up(refined - down(wave)).

    The bins, from the lowest: `first` are in no band, `n_single` are alone in their band, those
    from `mixed` to `stop` share bands, and the rest is left unchanged.
    """

    def __init__(
        self, audio: AudioConfig, decimation: int, passes: int, momentum: float, fresh: bool
    ):
        """`fresh`: start with new phases, by step 2; otherwise with the wave's own."""
        n_fft, hop = audio.n_fft // decimation, audio.hop_length // decimation
        super().__init__(n_fft, hop, passes, momentum)
        self.fresh = fresh
        self.decimator = Decimator(decimation)
        self.song_hop = audio.hop_length
        self.log_floor = audio.log_floor

        filters = mel_filters(audio) * decimation  # (bins, bands); a shorter window sums to less
        self._divide_bins(filters)
        self._register_gains(filters)

    def _divide_bins(self, filters: Tensor) -> None:
        n_bins = self.n_fft // 2 + 1
        self.n_bands = _n_leading(~filters[int(PASSBAND * n_bins) :].any(0))
        members = filters[:n_bins, : self.n_bands] > IN_BAND
        bands_of_bin = members.sum(1, keepdim=True)
        self.first = int(filters[:, 0].argmax())
        self.n_single = _n_leading((members * bands_of_bin).sum(0) == 1)
        self.mixed = self.first + self.n_single
        self.stop = 1 + int(filters[:n_bins, : self.n_bands].any(1).nonzero().max())

    def _register_gains(self, filters: Tensor) -> None:
        single_weight = float(filters[self.first, 0])  # the same for all single bins
        self.log_single_weight = math.log(single_weight)
        self.least_power = (self.log_floor / single_weight) ** 2
        max_gain = torch.full((self.mixed,), math.exp(MAX_NATS))
        max_gain[: self.first] = 1.0  # bins below all bands are never amplified
        shared = filters[self.mixed : self.stop]
        to_bands = shared[:, self.n_single : self.n_bands]
        to_bins = (to_bands / shared.sum(1, keepdim=True).clamp_min(1e-8)).T
        self.register_buffer("max_gain", max_gain, persistent=False)
        self.register_buffer("to_bands", to_bands.contiguous(), persistent=False)
        self.register_buffer("to_bins", to_bins.contiguous(), persistent=False)
        # the share of each bin that belongs to bands above `n_bands`
        self.register_buffer("other_share", 1 - to_bins.sum(0), persistent=False)

    @torch.inference_mode()
    def correct_(
        self, wave: Tensor, log_mel: Tensor, phases: CarriedPhases | None = None
    ) -> Tensor:
        """Refines a whole wave (T,) in place and returns it.

        log_mel (F, M), F at least 1 + T // hop. `phases`: those of the piece before, where the
        wave is a piece of a longer song; this piece's are recorded there.
        """
        with torch.autocast(wave.device.type, enabled=False), single_threaded():
            low = self.decimator.down(wave)
            target = self._target(log_mel[: 1 + len(wave) // self.song_hop].to(wave.device))
            start = low
            if self.fresh:
                start = self._with_new_phases(low, target, phases or CarriedPhases())
            refined = self._refine_in_pieces(start, target)
            return self.decimator.add_up_(wave, refined.sub_(low))

    def _target(self, log_mel: Tensor) -> Tensor:
        """(F, M) -> (F, mixed + shared bands): magnitudes of single bins, then of shared bands."""
        log_mel = log_mel[:, : self.n_bands].float()
        single = log_mel[:, : self.n_single] - self.log_single_weight
        below = (single[:, :1] + math.log(RUMBLE)).expand(-1, self.first)
        return torch.cat([below, single, log_mel[:, self.n_single :]], dim=1).exp_()

    def scale_(self, spectrum: Tensor, target: Tensor) -> Tensor:
        single, shared = spectrum[:, : self.mixed], spectrum[:, self.mixed : self.stop]
        gain = power(single).clamp_min_(self.least_power).rsqrt_().mul_(target[:, : self.mixed])
        single.mul_(gain.clamp_min_(math.exp(-MAX_NATS)).clamp_max_(self.max_gain))
        if self.stop > self.mixed:
            found = (power(shared).sqrt_() @ self.to_bands).clamp_min_(self.log_floor)
            gain = torch.div(target[:, self.mixed :], found, out=found)
            gain.clamp_(math.exp(-MAX_NATS), math.exp(MAX_NATS))
            shared.mul_(torch.addmm(self.other_share, gain, self.to_bins))
        return spectrum

    def _with_new_phases(self, low: Tensor, target: Tensor, carried: CarriedPhases) -> Tensor:
        """(t,) with the target's magnitudes and, in the lowest bins, continued phases."""
        n_bins = min(self.mixed + N_SHARED_STARTED, self.n_fft // 2 + 1)
        phases = low.new_zeros(len(target), n_bins)
        n_known = min(len(carried.known), len(target))
        phases[:n_known] = carried.known[:n_known]
        # All bins of a peak have one phase at the frame's centre; counted from its first sample,
        # as the FFT counts, every second one is turned by pi.
        sign = 1 - 2 * (torch.arange(n_bins, device=low.device) % 2)
        made = self.window.new_zeros((len(target) - 1) * self.hop + self.n_fft)
        energy = torch.zeros_like(made)
        first = 0
        for spectrum, magnitude, peak, frequency in self._analysed(low, target, n_bins):
            stop = first + len(spectrum)
            new = min(max(first, n_known), stop)  # the frames before are known already
            turn = frequency * (2 * math.pi * self.hop / self.n_fft)
            before = phases[new - 1] if new else phases.new_zeros(n_bins)
            phases[new:stop] = continued_phases(before, peak[new - first :], turn[new - first :])
            spectrum[:, :n_bins] = torch.polar(magnitude * sign, phases[first:stop])
            frames = torch.fft.irfft(spectrum, self.n_fft)
            self._overlap_add(frames, self.hop, made[first * self.hop :])
            windows = self.window.expand(len(frames), -1)
            self._overlap_add(windows, self.hop, energy[first * self.hop :])
            first = stop
        carried.record_(phases)
        return made.div_(energy.clamp_min_(1e-8))[self.n_fft // 2 :][: len(low)]

    def _analysed(
        self, low: Tensor, target: Tensor, n_bins: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """For each block of frames: the spectrum (f, N/2 + 1) with the target's magnitudes, and of
        the lowest bins (f, n_bins) magnitude, peak and frequency, as `peaks` gives them.
        """

        def analyse(block: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            frames, wanted = block
            spectrum = self.scale_(torch.fft.rfft(frames * self.window), wanted)
            magnitude = power(spectrum[:, :n_bins]).sqrt_()
            return spectrum, magnitude, *peaks(magnitude)

        frames = self._padded(low, len(target)).unfold(0, self.n_fft, self.hop)
        blocks = zip(frames.split(BLOCK_FRAMES), target.split(BLOCK_FRAMES), strict=True)
        return parallel_map(analyse, list(blocks), low.device)

    def _refine_in_pieces(self, low: Tensor, target: Tensor) -> Tensor:
        """`refine`, one piece per thread if pieces are longer than their context."""
        reach = self.reach
        n_pieces = max(1, min(n_workers(low.device), len(low) // (2 * reach or 1)))
        # a multiple of STRIDE, so that a piece's even frames are the whole's
        size = math.ceil(len(target) / n_pieces / STRIDE) * STRIDE * self.hop

        def refine_piece(start: int) -> Tensor:
            first, stop = max(0, start - reach), min(len(low), start + size + reach)
            first_frame = first // self.hop
            wanted = target[first_frame : first_frame + 1 + (stop - first) // self.hop]
            return self.refine(low[first:stop], wanted)[start - first : start - first + size]

        pieces = parallel_map(refine_piece, range(0, len(low), size), low.device)
        return torch.cat(list(pieces))


def _n_leading(flags: Tensor) -> int:
    """How many flags are true before the first false one."""
    return int(flags.int().cumprod(0).sum())
