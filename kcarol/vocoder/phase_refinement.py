"""A wave brought nearer to a log-mel, pass by pass: what a vocoder's network leaves undone.

Griffin and Lim (1984) with the mel in the place of the magnitudes and, to begin with, the wave's
own phases; momentum as in fast Griffin-Lim (Perraudin, Balazs and Søndergaard, WASPAA 2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from kcarol.audio.banded import BandedProduct
from kcarol.audio.log_mel import mel_filters
from kcarol.audio.parallel import n_workers, parallel_map, single_threaded
from kcarol.config import AudioConfig

# frames from one that a pass corrects to the next; those of every fourth overlap by half, and
# passes diverge
STRIDE = 2
FAR_PASSES = 4  # of which each carries as far as a frame is long
MOST_NATS = 3.0  # that a pass adds to a bin, or takes away
# magnitude of bins below all bands over the lowest band's, at most: left alone they drift to the
# music's own
RUMBLE = 2.0
# of windowed frames corrected at once, 2 MB a tensor: more leave the cache, fewer leave threads
# waiting
CACHED_SAMPLES = 1 << 19
GPU_SAMPLES = 1 << 25  # corrected at once where starting a kernel costs more than memory does
PASSBAND = 0.85  # share of a low rate's bins that its filter leaves alone
TAPS = 32  # of that filter, for each sample of the low rate
FILTERED = 1 << 15  # samples of the low rate at once: 4 MB
BEGUN_FRAMES = 2048  # whose phases are begun at once
MIXED_BINS = 6  # above the single ones, whose phases begin anew with them


class InverseSTFT(nn.Module):
    """Spectrum (B, N/2 + 1, F) to rows of hop samples, float32; inverse of a centred Hann STFT.

    Row r is samples [r * hop, (r + 1) * hop) of the padded signal; the wave starts at row `n_skip`.
    """

    def __init__(self, n_fft: int, hop_length: int):
        super().__init__()
        if n_fft % (2 * hop_length):
            raise ValueError(
                f"n_fft must be a multiple of twice the hop ({2 * hop_length}), found {n_fft}"
            )
        self.n_fft, self.hop_length = n_fft, hop_length
        self.n_overlap = n_fft // hop_length  # frames that reach a row
        self.n_skip = self.n_overlap // 2  # rows before the first frame's centre
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def rows(self, spectrum: Tensor) -> Tensor:
        """(B, N/2 + 1, F) complex -> (B, F + n_overlap - 1, hop): windowed overlap-add over the
        window's energy.
        """
        # "ortho": a full-scale sine has magnitude 8 at N = 1024 (256 otherwise), so the clip never
        # bites
        frames = torch.fft.irfft(spectrum.transpose(1, 2), self.n_fft, norm="ortho") * self.window
        batch, n_frames, _ = frames.shape
        parts = frames.reshape(batch, n_frames, self.n_overlap, self.hop_length)
        rows = frames.new_zeros(batch, n_frames + self.n_overlap - 1, self.hop_length)
        for k in range(self.n_overlap):
            rows[:, k : k + n_frames] += parts[:, :, k]
        return rows / self.energy(n_frames)

    def energy(self, n_frames: int) -> Tensor:
        """(F + n_overlap - 1, hop): the squared windows of F frames overlap-added, at least 1e-8."""
        row = torch.arange(n_frames + self.n_overlap - 1, device=self.window.device)
        squares = self.window.double().square().view(self.n_overlap, self.hop_length)
        # the first k parts of a window together
        total = nn.functional.pad(squares.cumsum(0), (0, 0, 1, 0))
        first, last = (row - n_frames + 1).clamp_min(0), row.clamp_max(self.n_overlap - 1)
        return (total[last + 1] - total[first]).clamp_min(1e-8).float()


@dataclass
class Phases:
    """Of the bins that a fresh `LowBand` begins anew, carried from a piece of a song to the next,
    that they may go on.
    """

    # (f, K), of a piece's first frames
    known: Tensor = field(default_factory=lambda: torch.zeros(0, 1))
    found: Tensor = field(default_factory=lambda: torch.zeros(0, 1))  # (F, K), of all of them


class Correction(nn.Module):
    """Passes over a wave, each of which scales the spectra of every second frame and lays those
    over each other again.

    The even frames and the odd ones take turns: as near in as many passes as with all frames in
    each, at half the cost.
    """

    def __init__(self, n_fft: int, hop_length: int, passes: int, momentum: float):
        super().__init__()
        if n_fft % (2 * STRIDE * hop_length):
            raise ValueError(
                f"n_fft must be a multiple of {2 * STRIDE} hops ({2 * STRIDE * hop_length}), found {n_fft}"
            )
        self.n_fft, self.hop, self.passes, self.momentum = n_fft, hop_length, passes, momentum
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def reach(self) -> int:
        """Samples on each side that a corrected sample depends on, a whole number of STRIDE hops.

        Many passes carry less far than each could: from beyond, nothing comes that rounding does
        not change more.
        """
        return min(self.passes, FAR_PASSES + self.passes // 4) * self.n_fft

    def corrected(self, wave: Tensor, target: Tensor) -> Tensor:
        """(T,), (F, M), F == 1 + T // hop -> (T,), float32."""
        start, stop = self.n_fft // 2, self.n_fft // 2 + len(wave)
        last, targets = (
            self._padded(wave, len(target)),
            [target[k::STRIDE].contiguous() for k in range(min(STRIDE, len(target)))],
        )
        here, found, shares = (
            last.clone(),
            torch.empty_like(last),
            self._shares(targets, start, stop),
        )
        for turn in range(self.passes):
            k = turn % len(targets)
            self._pass(here[k * self.hop :], targets[k], found.zero_()[k * self.hop :])
            found.mul_(shares[k])
            torch.lerp(last, found, 1 + self.momentum, out=here)
            last, found = found, last
        return last[start:stop].clone()

    def _padded(self, wave: Tensor, n_frames: int) -> Tensor:
        """All samples under `n_frames` frames, the first one centred on the wave's beginning; zero
        outside the wave.
        """
        return nn.functional.pad(
            wave, (self.n_fft // 2, (n_frames - 1) * self.hop + self.n_fft // 2 - len(wave))
        )

    def _shares(self, targets: list[Tensor], start: int, stop: int) -> list[Tensor]:
        """One over the squared windows of each turn's frames, overlap-added; zero before `start`
        and from `stop` on.
        """
        shares = []
        for turn, target in enumerate(targets):
            energy = self.window.new_zeros((sum(map(len, targets)) - 1) * self.hop + self.n_fft)
            self._overlap_add(
                self.window.expand(len(target), -1), STRIDE * self.hop, energy[turn * self.hop :]
            )
            share = torch.zeros_like(energy)
            share[start:stop] = 1 / energy[start:stop].clamp_min(1e-8)
            shares.append(share)
        return shares

    def _pass(self, wave: Tensor, target: Tensor, out: Tensor) -> None:
        """Every second frame of `wave`, scaled towards `target` (f, M), windowed again and added to
        `out`.
        """
        size = max(1, (GPU_SAMPLES if wave.is_cuda else CACHED_SAMPLES) // self.n_fft)
        step = STRIDE * self.hop
        frames = wave.unfold(0, self.n_fft, step)
        for first in range(0, len(target), size):
            wanted = target[first : first + size]
            spectrum = torch.fft.rfft(frames[first : first + len(wanted)] * self.window)
            self._overlap_add(
                torch.fft.irfft(self.scaled(spectrum, wanted), self.n_fft),
                step,
                out[first * step :],
            )

    def _overlap_add(self, frames: Tensor, step: int, out: Tensor) -> None:
        """Frames (f, n_fft), windowed, onto (T,) from its beginning on, each `step` samples behind
        the one before.
        """
        n_apart = self.n_fft // step  # frames this far apart lie side by side and share no sample
        for k in range(min(n_apart, len(frames))):
            rows = frames[k::n_apart]
            out[k * step :][: rows.numel()].view_as(rows).addcmul_(rows, self.window)

    def scaled(self, spectrum: Tensor, target: Tensor) -> Tensor:
        """(f, N/2 + 1) complex and what it should be, (f, M) -> the spectrum, each bin times what
        it lacks, in place.
        """
        raise NotImplementedError


def power(spectrum: Tensor) -> Tensor:
    squares = torch.view_as_real(spectrum).square()
    # abs() guards against overflow, at thrice the time
    return torch.add(squares[..., 0], squares[..., 1])


class MelCorrection(Correction):
    """All of a wave."""

    def __init__(self, audio: AudioConfig, passes: int, momentum: float, step: float):
        """`step`: share of a log-mel error that a pass takes away from each bin."""
        super().__init__(audio.n_fft, audio.hop_length, passes, momentum)
        self.audio, self.step = audio, step
        filters = mel_filters(audio)  # (N/2 + 1, M)
        weight = filters.sum(1, keepdim=True)
        shares = filters / weight.clamp_min(1e-8) * (weight > 1e-7)
        n_bins, n_bands = shares.shape
        self.first = int(filters[:, 0].argmax())  # bins below are in no band
        self.scale = float(filters[self.first, 0])  # of that bin in the lowest band
        self.to_bands = BandedProduct(filters, (n_bands // 2, 3 * n_bands // 4, 7 * n_bands // 8))
        self.to_bins = BandedProduct(shares.T, (n_bins // 4, n_bins // 2))

    @torch.inference_mode()
    def forward(self, wave: Tensor, log_mel: Tensor) -> Tensor:
        """Wave (B, T) and log-mel (B, F, M), F at least 1 + T // hop -> (B, T)."""
        target = log_mel[:, : 1 + wave.shape[-1] // self.hop].to(wave.device)
        # logs of bfloat16 are off by a quarter of a decibel
        with torch.autocast(wave.device.type, enabled=False):
            return torch.stack([self.corrected(*pair) for pair in zip(wave, target, strict=True)])

    def scaled(self, spectrum: Tensor, target: Tensor) -> Tensor:
        mel = self.to_bands(power(spectrum).sqrt_()).clamp_min_(self.audio.log_floor).log_()
        lack = torch.sub(target, mel).mul_(self.step).clamp_(-MOST_NATS, MOST_NATS)
        below = spectrum[:, : self.first]
        most = target[:, :1].exp() * (RUMBLE / self.scale)
        below.mul_(
            power(below).clamp_min_(self.audio.log_floor**2).rsqrt_().mul_(most).clamp_max_(1)
        )
        return spectrum.mul_(self.to_bins(lack).exp_())


class LowBand(Correction):
    """The lowest octaves of a wave at a low rate, where a pass costs a tenth and many can be made.

    Bands of one bin tell the magnitude of every bin below 430 Hz. What is left to find there are
    phases that fit together, and most of what a vocoder misses of a log-mel lies there. `fresh`:
    they are begun anew, each peak going on at its frequency (Beauregard, Harish and Wyse, "Single
    pass spectrogram inversion", DSP 2015); else the wave's own are gone on from.
    """

    def __init__(
        self, audio: AudioConfig, decimation: int, passes: int, momentum: float, fresh: bool
    ):
        super().__init__(
            audio.n_fft // decimation, audio.hop_length // decimation, passes, momentum
        )
        self.audio, self.decimation, self.fresh = audio, decimation, fresh
        filters = mel_filters(audio) * decimation  # the sum of a window is smaller at a low rate
        n_bins = self.n_fft // 2 + 1
        inside = ~filters[int(PASSBAND * n_bins) :].any(0)
        self.n_bands = int(inside.int().cumprod(0).sum())
        filters = filters[:n_bins, : self.n_bands]
        owners = (filters > 1e-7).sum(1)
        # one bin, theirs alone
        self.n_single = int(
            (((filters > 1e-7) * owners[:, None]).sum(0) == 1).int().cumprod(0).sum()
        )
        self.first = int(filters[:, 0].argmax())
        self.mixed = self.first + self.n_single  # first bin that bands share
        weight = mel_filters(audio)[:n_bins].sum(1) * decimation
        # bins from here on are left as they are
        self.stop = 1 + int(filters.any(1).nonzero().max())
        above = filters[self.mixed : self.stop, self.n_single :]
        shares = (above / weight[self.mixed : self.stop, None].clamp_min(1e-8)).T
        scale = float(filters[self.first, 0])  # of a single bin, the same for all
        self.least, self.nats = (audio.log_floor / scale) ** 2, math.log(scale)
        most = torch.full((self.mixed,), math.exp(MOST_NATS))
        most[: self.first] = 1.0  # what is below all bands is never made louder
        # gain of a pass, of the bins below the shared ones
        self.register_buffer("most", most, persistent=False)
        self.register_buffer("above", above.contiguous(), persistent=False)
        self.register_buffer("shares", shares.contiguous(), persistent=False)
        # of bins that higher bands hold too
        self.register_buffer("free", 1 - shares.sum(0), persistent=False)
        self.register_buffer("lowpass", lowpass(decimation), persistent=False)

    @torch.inference_mode()
    def forward(self, wave: Tensor, log_mel: Tensor, phases: Phases | None = None) -> Tensor:
        """Wave (T,), corrected in place, and log-mel (F, M), F at least 1 + T // hop -> the wave.

        The whole wave at once: phases go on all along. `phases`: of a wave that is a piece of a
        longer one; its own are noted.
        """
        with torch.autocast(wave.device.type, enabled=False), single_threaded():
            low, begun, target = self._opened(wave, log_mel, phases)
            return self.add_up(self._in_pieces(begun, target).sub_(low), wave)

    def _opened(
        self, wave: Tensor, log_mel: Tensor, phases: Phases | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The wave at the low rate (t,), what the passes begin with (t,), and what they aim at, (F,
        mixed + shared bands).
        """
        low, n_single = self.down(wave), self.n_single
        target = (
            log_mel[: 1 + len(wave) // self.audio.hop_length, : self.n_bands]
            .to(wave.device)
            .float()
        )
        single = target[:, :n_single] - self.nats
        below = (single[:, :1] + math.log(RUMBLE)).expand(-1, self.first)
        target = torch.cat([below, single, target[:, n_single:]], dim=1).exp_()
        return low, self._begun(low, target, phases) if self.fresh else low, target

    def down(self, wave: Tensor) -> Tensor:
        """(T,) -> (ceil(T / decimation),)"""
        phases, reach = self._phases(), len(self.lowpass) // 2
        n, n_taps = math.ceil(len(wave) / self.decimation), len(phases)
        low = wave.new_empty(n)
        for first in range(0, n, FILTERED):
            size = min(FILTERED, n - first)
            start, stop = (
                first * self.decimation - reach,
                (first + size + n_taps - 1) * self.decimation - reach,
            )
            block = nn.functional.pad(
                wave[max(0, start) : stop], (max(0, -start), max(0, stop - len(wave)))
            )
            # of all samples and taps: each diagonal is one of the filter
            products = block.view(-1, self.decimation) @ phases.T
            torch.sum(
                products.as_strided((size, n_taps), (n_taps, n_taps + 1)),
                1,
                out=low[first : first + size],
            )
        return low

    def add_up(self, low: Tensor, wave: Tensor) -> Tensor:
        """(t,) at the low rate onto the (T,) of the whole one, in place; T at most t * decimation."""
        phases, n_taps = self._phases().flip(0) * self.decimation, len(self._phases())
        reach = len(self.lowpass) // 2 // self.decimation  # whole samples of the low rate
        around = nn.functional.pad(low, (n_taps - 1 - reach, reach)).unfold(0, n_taps, 1)
        for rows, out in zip(
            around.split(FILTERED), wave.split(FILTERED * self.decimation), strict=True
        ):
            out += (rows @ phases).flatten()[: len(out)]
        return wave

    def _phases(self) -> Tensor:
        """Taps in rows of `decimation`, the last filled up by zeros."""
        return nn.functional.pad(self.lowpass, (0, -len(self.lowpass) % self.decimation)).view(
            -1, self.decimation
        )

    def _in_pieces(self, low: Tensor, target: Tensor) -> Tensor:
        """`corrected`, a piece for each thread where pieces are longer than what they repeat of
        their neighbours.
        """
        n_pieces = max(1, min(n_workers(low.device), len(low) // (2 * self.reach or 1)))
        # whose even frames are the whole's
        size = math.ceil(len(target) / n_pieces / STRIDE) * STRIDE * self.hop

        def piece(start: int) -> Tensor:
            first, stop = max(0, start - self.reach), min(len(low), start + size + self.reach)
            frames = target[first // self.hop : first // self.hop + 1 + (stop - first) // self.hop]
            return self.corrected(low[first:stop], frames)[start - first : start - first + size]

        return torch.cat(list(parallel_map(piece, range(0, len(low), size), low.device)))

    def _begun(self, low: Tensor, target: Tensor, carried: Phases | None) -> Tensor:
        """(t,) with the phases of the single bins, and some above them, begun anew."""
        n_bins = min(self.mixed + MIXED_BINS, self.n_fft // 2 + 1)
        # a frame's phases are counted from its first sample
        sign = 1 - 2 * (torch.arange(n_bins, device=low.device) % 2)
        padded, phase, carried = (
            self._padded(low, len(target)),
            low.new_zeros(n_bins),
            carried or Phases(),
        )
        carried.found = low.new_zeros(len(target), n_bins)
        frames, found, energy = (
            padded.unfold(0, self.n_fft, self.hop),
            torch.zeros_like(padded),
            torch.zeros_like(padded),
        )

        def seen(first: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            wanted = target[first : first + BEGUN_FRAMES]
            spectrum = self.scaled(
                torch.fft.rfft(frames[first : first + len(wanted)] * self.window), wanted
            )
            magnitude = power(spectrum[:, :n_bins]).sqrt_()
            return spectrum, magnitude, *peaks(magnitude)

        starts = range(0, len(target), BEGUN_FRAMES)
        for first, (spectrum, magnitude, peak, frequency) in zip(
            starts, parallel_map(seen, starts, low.device), strict=True
        ):
            phases = carried.found[first : first + len(spectrum)]
            known = carried.known[first : first + len(spectrum)]
            phases[: len(known)] = known
            phase = phases[len(known) - 1] if len(known) else phase
            turn = 2 * math.pi * self.hop / self.n_fft * frequency
            phases[len(known) :] = gone_on(phase, peak[len(known) :], turn[len(known) :])
            spectrum[:, :n_bins], phase = torch.polar(magnitude * sign, phases), phases[-1]
            self._overlap_add(
                torch.fft.irfft(spectrum, self.n_fft), self.hop, found[first * self.hop :]
            )
            self._overlap_add(
                self.window.expand(len(spectrum), -1), self.hop, energy[first * self.hop :]
            )
        return found.div_(energy.clamp_min_(1e-8))[self.n_fft // 2 :][: len(low)]

    def scaled(self, spectrum: Tensor, target: Tensor) -> Tensor:
        single, shared = spectrum[:, : self.mixed], spectrum[:, self.mixed : self.stop]
        gain = power(single).clamp_min_(self.least).rsqrt_().mul_(target[:, : self.mixed])
        single.mul_(gain.clamp_min_(math.exp(-MOST_NATS)).clamp_max_(self.most))
        if self.stop > self.mixed:
            found = (power(shared).sqrt_() @ self.above).clamp_min_(self.audio.log_floor)
            shared.mul_(
                torch.addmm(
                    self.free,
                    limited(torch.div(target[:, self.mixed :], found, out=found)),
                    self.shares,
                )
            )
        return spectrum


def limited(ratio: Tensor) -> Tensor:
    return ratio.clamp_(math.exp(-MOST_NATS), math.exp(MOST_NATS))


def gone_on(phase: Tensor, peak: Tensor, turn: Tensor) -> Tensor:
    """(K,) at the frame before -> (f, K), row i: row i - 1 at `peak`[i], and on by `turn`[i]; (f,
    K) each, radians.

    In spans of frames side by side: first from a beginning that is not known yet, kept as the bin
    that it will be taken from.
    """
    n_frames, n_bins = peak.shape
    if not n_frames:
        return turn
    length = math.isqrt(n_frames - 1) + 1
    missing = -n_frames % length
    bins = torch.arange(n_bins, device=phase.device)
    peak = torch.cat([peak, bins.expand(missing, -1)]).view(-1, length, n_bins)
    turn = nn.functional.pad(turn, (0, 0, 0, missing)).view(-1, length, n_bins)
    origin, turned = torch.empty_like(peak), torch.empty_like(turn)
    before, angle = bins.expand(len(peak), -1), torch.zeros_like(turn[:, 0])
    for i in range(length):
        origin[:, i] = before = before.gather(1, peak[:, i])
        turned[:, i] = angle = (angle.gather(1, peak[:, i]) + turn[:, i]) % (2 * math.pi)
    begun = torch.empty_like(angle)
    for i in range(len(begun)):
        begun[i] = phase
        phase = (phase[origin[i, -1]] + turned[i, -1]) % (2 * math.pi)
    return (begun[:, None].expand_as(turned).gather(2, origin) + turned).view(-1, n_bins)[:n_frames]


def lowpass(decimation: int) -> Tensor:
    """Taps of a filter of sum 1, down to -80 dB where PASSBAND's mirror image begins: a sinc in
    Kaiser's window.
    """
    n_taps = TAPS * decimation + 1
    time = (torch.arange(n_taps) - n_taps // 2) / decimation
    taps = torch.sinc(time) * torch.kaiser_window(n_taps, periodic=False, beta=8.0)
    return taps / taps.sum()


def peaks(magnitude: Tensor) -> tuple[Tensor, Tensor]:
    """(f, K) -> for each bin the peak it lies on the slope of, (f, K) int64, and that peak's
    frequency in bins, (f, K).

    The frequency is the top of a parabola through three log magnitudes.
    """
    level = nn.functional.pad(magnitude.clamp_min(1e-7).log(), (1, 1), value=math.log(1e-7))
    left, own, right = level[:, :-2], level[:, 1:-1], level[:, 2:]
    n_bins = magnitude.shape[1]
    falls, rises = (left >= own) & (left >= right), (right > own) & (right > left)
    peak = (torch.arange(n_bins, device=magnitude.device) + rises.int() - falls.int()).clamp(
        0, n_bins - 1
    )
    # each bin asks the next higher one, then the one that that one found
    for _ in range(math.ceil(math.log2(n_bins))):
        peak = peak.gather(1, peak)
    top = (0.5 * (left - right) / (left - 2 * own + right).clamp_max(-1e-6)).clamp(-0.5, 0.5)
    return peak, (top + torch.arange(n_bins, device=magnitude.device)).gather(1, peak)
