"""Sound as numbers for the networks, in torch alone: log-mel, timbre-robust features, loudness
curve.

Everything here is float32 also under autocast, and keeps one law: ``F == 1 + T // hop_length``.
Spectra are taken block by block, so that an hour of sound needs no more than its features and one
block of spectrum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from kcarol.config import AudioConfig

# of windowed frames held at once, over the batch: 2 MB and as much again of spectrum, for the cache
BLOCK_SAMPLES = 1 << 19
GPU_BLOCK_SAMPLES = 1 << 25  # where starting a kernel costs more than memory does
SILENCE_RMS = 1e-4  # -80 dB: what is softer is not turned up, or dither would become music
DEVIATION_FLOOR = 0.02  # of the whitening, in log1p units: keeps near-silent frames near zero
FLUX_GAIN = 10.0  # times log_gain: soft strokes count too
FLUX_SCALE = 3.0  # brings the deviation of the flux of pop songs to about 0.5, strokes to 1 to 3
FLUX_LAG = 2  # frames, half the short window: nearer frames share most of their samples
SOFTEST_DB = -60.0  # of the loudness curve


class LogMel(nn.Module):
    """Natural log of mel magnitude (`mel_filters`, Hann STFT, centred with zeros).

    `filters` (n_fft // 2 + 1, M) and `window` (n_fft,) are what an inverse needs.
    """

    def __init__(self, cfg: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg = cfg or AudioConfig()
        self.register_buffer("window", torch.hann_window(cfg.n_fft), persistent=False)
        self.register_buffer("filters", mel_filters(cfg), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """(..., T) wave -> (..., F, M) float32, never below log(log_floor). ValueError for an empty
        wave.
        """
        with torch.autocast(wave.device.type, enabled=False):
            flat = _flat(wave)
            blocks = [
                (spectrum.abs() @ self.filters).clamp_min(self.cfg.log_floor).log()
                for spectrum in spectrum_blocks(flat, self.window, self.cfg.hop_length)
            ]
            return _unflat(torch.cat(blocks, dim=1), wave)


class Features(nn.Module):
    """What the converter hears: whitened pitch bands, onset flux and loudness; level and tone
    colour taken out.

    C = n_pitch_bands + n_flux + 1, in this order. A pitch band is the level of a log1p-compressed
    constant-Q-like band, less the mean and over the deviation of the bands within `whiten_octaves`
    of it.
    """

    def __init__(self, cfg: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg = cfg or AudioConfig()
        for name, tensor in {
            "long_window": _amplitude_window(cfg.feature_n_fft),
            "short_window": _amplitude_window(cfg.flux_n_fft),
            "pitch_filters": pitch_filters(cfg),
            "flux_filters": flux_filters(cfg),
        }.items():
            self.register_buffer(name, tensor, persistent=False)
        # the others belong to no band
        self.n_pitch_bins = 1 + int(self.pitch_filters.any(1).nonzero().max())
        self.to_pitch = Banded(
            self.pitch_filters[: self.n_pitch_bins], [n * cfg.n_pitch_bands // 4 for n in (1, 2, 3)]
        )

    def forward(self, wave: Tensor) -> Tensor:
        """(..., T) wave, whole clip or window -> (..., F, C) float32. ValueError for an empty wave."""
        with torch.autocast(wave.device.type, enabled=False):
            flat = _flat(wave)
            gain = self.cfg.reference_rms / rms(flat).clamp_min(SILENCE_RMS)  # (B,)
            pitch = self.pitch(flat, gain)
            flux, loudness = self.strokes(flat, gain)
            return _unflat(torch.cat([pitch, flux, loudness[..., None]], dim=-1), wave)

    def pitch(self, wave: Tensor, gain: Tensor) -> Tensor:
        """(B, T), (B,) -> (B, F, n_pitch_bands) whitened bands."""
        cfg, reach = self.cfg, round(self.cfg.whiten_octaves * 12 * self.cfg.bands_per_semitone)
        blocks, heard = [], self.n_pitch_bins
        for spectrum in spectrum_blocks(wave, self.long_window, cfg.hop_length):
            power = _power(spectrum[..., :heard])
            level = (
                self.to_pitch(power.flatten(0, 1)).view(*power.shape[:2], -1).sqrt()
                * gain[:, None, None]
            )
            blocks.append(whiten(torch.log1p(cfg.log_gain * level), reach).clamp(*cfg.whiten_clip))
        return torch.cat(blocks, dim=1)

    def strokes(self, wave: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B,) -> flux (B, F, n_flux), rising log level only; loudness (B, F), 1 is 20 dB
        over the clip's.
        """
        cfg = self.cfg
        levels, loudness = [], []
        for spectrum in spectrum_blocks(wave, self.short_window, cfg.hop_length):
            power = _power(spectrum) * gain[:, None, None].square()
            levels.append(
                torch.log1p(FLUX_GAIN * cfg.log_gain * (power @ self.flux_filters).sqrt())
            )
            loudness.append(_level_db(power.sum(-1) / 3) - 20 * math.log10(cfg.reference_rms))
        level = torch.cat(levels, dim=1)
        # silence before the clip
        before = functional.pad(level, (0, 0, FLUX_LAG, 0))[:, : level.shape[1]]
        return FLUX_SCALE * (level - before).relu(), torch.cat(loudness, dim=1).clamp(
            SOFTEST_DB, 20
        ) / 20


def shift_pitches(roll: Tensor, semitones: int | Tensor) -> Tensor:
    """(B, F, P) moved up along P, zeros moved in; `semitones` a number or one for each row (B,)."""
    n = roll.shape[-1]
    if isinstance(semitones, Tensor):
        source = torch.arange(n, device=roll.device) - semitones.to(roll.device)[:, None]  # (B, P)
        index = source.clamp(0, n - 1)[:, None].expand(-1, roll.shape[-2], -1)
        return torch.gather(roll, -1, index) * ((source >= 0) & (source < n))[:, None]
    moved = torch.zeros_like(roll)
    if 0 <= semitones < n:
        moved[..., semitones:] = roll[..., : n - semitones]
    elif -n < semitones < 0:
        moved[..., :semitones] = roll[..., -semitones:]
    return moved


def transpose_features(features: Tensor, semitones: int, cfg: AudioConfig) -> Tensor:
    """The pitch bands of (B, F, C) moved up, zeros moved in; flux and loudness stay."""
    n = cfg.n_pitch_bands
    moved = shift_pitches(features[..., :n], semitones * cfg.bands_per_semitone)
    return torch.cat([moved, features[..., n:]], dim=-1)


class Banded(nn.Module):
    """Product with a matrix (K, N) whose numbers lie about a diagonal: tile by tile, without most
    of the zeros around it.
    """

    def __init__(self, matrix: Tensor, cuts: Sequence[int]):
        """`cuts`: columns at which a tile ends and the next begins."""
        super().__init__()
        self.n_columns, self.spans = matrix.shape[1], []
        for start, stop in itertools.pairwise((0, *cuts, matrix.shape[1])):
            rows = matrix[:, start:stop].any(1).nonzero().flatten().tolist() or [0]
            self.register_buffer(
                f"tile{start}",
                matrix[rows[0] : rows[-1] + 1, start:stop].contiguous(),
                persistent=False,
            )
            self.spans.append((slice(rows[0], rows[-1] + 1), slice(start, stop)))

    def forward(self, x: Tensor) -> Tensor:
        """(f, K) -> (f, N), without gradient."""
        out = x.new_empty(len(x), self.n_columns)
        for (rows, columns), tile in zip(self.spans, self.buffers(), strict=True):
            torch.mm(x[:, rows], tile, out=out[:, columns])
        return out


def loudness_curve(wave: Tensor, hop_length: int, n_fft: int = 1024) -> Tensor:
    """(..., T) -> (..., F): rms under a Hann window of `n_fft` samples, dB re full scale, at least
    -120.
    """
    with torch.autocast(wave.device.type, enabled=False):
        flat, window = _flat(wave), _amplitude_window(n_fft).to(wave.device)
        # the mean square of Hann is 3/8, and a sine's power of A^2 / 2 spreads over three bins: sum
        # = 3 * rms^2
        levels = [
            _level_db(_power(s).sum(-1) / 3) for s in spectrum_blocks(flat, window, hop_length)
        ]
        return _unflat(torch.cat(levels, dim=1), wave)


def chunk_spans(n: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Spans (start, stop) of `size` that cover range(n), neighbours sharing at least `overlap`.

    The last one is moved back to end at n, so that all are equally long; one shorter span if n <=
    size.
    """
    if n < 1 or not 0 <= overlap < size:
        raise ValueError(
            f"expected n >= 1 and 0 <= overlap < size, found n {n}, size {size}, overlap {overlap}"
        )
    starts = [*range(0, max(n - size, 0), size - overlap), max(n - size, 0)]
    return [(start, min(start + size, n)) for start in starts]


def overlap_add(chunks: Iterable[Tensor], spans: Sequence[tuple[int, int]], n: int) -> Tensor:
    """Join chunks (..., f, M), one per span, to (..., n, M) float32 with linear cross-fades where
    they overlap.

    Chunks may come from a generator: one is held at a time. Weights are triangles over the spans,
    brought to a sum of one: where only one chunk is, it is left as it is. ValueError where chunks
    and spans do not fit, or leave a frame uncovered.
    """
    total = None
    for start, rows in joined(chunks, spans, n):
        if total is None:
            total = rows.new_empty(*rows.shape[:-2], n, rows.shape[-1])
        total[..., start : start + rows.shape[-2], :] = rows
    return total


def joined(
    chunks: Iterable[Tensor], spans: Sequence[tuple[int, int]], n: int
) -> Iterator[tuple[int, Tensor]]:
    """`overlap_add` as it goes: (first frame, (..., f, M)) one after the other, each as soon as no
    further span reaches it.
    """
    total, weight_sum, begin, n_chunks = None, None, 0, 0
    for n_chunks, chunk in enumerate(chunks, 1):
        if n_chunks > len(spans):
            break
        start, stop = spans[n_chunks - 1]
        if chunk.shape[-2] != stop - start or not begin <= start < stop <= n:
            raise ValueError(
                f"expected {stop - start} frames for span {start}..{stop} of {n}, got {chunk.shape[-2]}"
            )
        if total is None:
            total = chunk.new_zeros(*chunk.shape[:-2], 0, chunk.shape[-1], dtype=torch.float32)
            weight_sum = total.new_zeros(0, 1)
        ready = (spans[n_chunks][0] if n_chunks < len(spans) else n) - begin
        more = (0, 0, 0, max(stop - begin, ready, len(weight_sum)) - len(weight_sum))
        total, weight_sum = functional.pad(total, more), functional.pad(weight_sum, more)
        rise = torch.arange(1, stop - start + 1, device=chunk.device, dtype=torch.float32)
        weight = torch.minimum(rise, rise.flip(0))[:, None]
        total[..., start - begin : stop - begin, :] += chunk.float() * weight
        weight_sum[start - begin : stop - begin] += weight
        if not weight_sum[:ready].all():
            raise ValueError(
                f"expected spans that cover all {n} frames, frame {begin + int(weight_sum.argmin())} has none"
            )
        yield begin, total[..., :ready, :] / weight_sum[:ready]
        total, weight_sum, begin = total[..., ready:, :], weight_sum[ready:], begin + ready
    if n_chunks != len(spans) or total is None:
        raise ValueError(
            f"expected one chunk per span, found {n_chunks} chunks for {len(spans)} spans"
        )


def rms(wave: Tensor) -> Tensor:
    """(..., T) -> (...): root mean square over the samples, linear."""
    return wave.square().mean(-1).sqrt()


def spectrum_blocks(wave: Tensor, window: Tensor, hop_length: int) -> Iterator[Tensor]:
    """(B, T) -> complex (B, f, bins) blocks that add up to F frames; frame k is centred on sample k
    * hop_length.
    """
    n_fft, n_samples = len(window), wave.shape[-1]
    n_frames = 1 + n_samples // hop_length
    size = max(
        1, (GPU_BLOCK_SAMPLES if wave.is_cuda else BLOCK_SAMPLES) // (n_fft * max(1, len(wave)))
    )
    for first in range(0, n_frames, size):
        start = first * hop_length - n_fft // 2
        stop = (min(first + size, n_frames) - 1) * hop_length - n_fft // 2 + n_fft
        piece = wave[:, max(0, start) : max(0, min(stop, n_samples))]
        piece = functional.pad(piece, (max(0, -start), max(0, stop - n_samples)))
        yield torch.stft(
            piece, n_fft, hop_length, window=window, center=False, return_complex=True
        ).transpose(1, 2)


def whiten(bands: Tensor, reach: int) -> Tensor:
    """(..., K) -> (..., K): each band less the mean and over the deviation of the bands at most
    `reach` away.
    """
    index = torch.arange(bands.shape[-1], device=bands.device)
    near = ((index[:, None] - index).abs() <= reach).to(bands.dtype)
    near = near / near.sum(0)  # (K, K): a product with it is the mean of a neighbourhood
    mean = bands @ near
    variance = (bands.square() @ near - mean.square()).clamp_min(0)
    return (bands - mean) / (variance.sqrt() + DEVIATION_FLOOR)


def mel_edges_hz(cfg: AudioConfig) -> Tensor:
    """(M + 2,) float64: band i spans edges i to i + 2. Linear below, in equal ratios above, as mel
    scales are.

    The linear part is finer than in Slaney's scale (23 Hz a band for these numbers): there a
    semitone below 400 Hz falls within one band, and the chords are lost in the log-mel itself
    (data/README.md).
    """
    bin_hz, n = cfg.sample_rate / cfg.n_fft, cfg.n_linear_bands
    linear = bin_hz * (round(cfg.f_min_hz / bin_hz) + torch.arange(n + 1, dtype=torch.float64))
    ratio = (cfg.f_max_hz / linear[-1]) ** (1 / (cfg.n_mels + 1 - n))
    return torch.cat(
        [linear, linear[-1] * ratio ** torch.arange(1, cfg.n_mels + 2 - n, dtype=torch.float64)]
    )


def mel_filters(cfg: AudioConfig) -> Tensor:
    """(n_fft // 2 + 1, M) triangles over `mel_edges_hz`, each of area 1: a band is a mean
    magnitude.
    """
    hz = mel_edges_hz(cfg)
    filters = _triangles(hz[:-2], hz[1:-1], hz[2:], _bin_hz(cfg.n_fft, cfg.sample_rate))
    return (filters * 2 / (hz[2:] - hz[:-2])).float()


def pitch_filters(cfg: AudioConfig) -> Tensor:
    """(feature_n_fft // 2 + 1, n_pitch_bands) for power: any band gives A^2 for a sine of amplitude
    A at its centre.
    """
    bins = _bin_hz(cfg.feature_n_fft, cfg.sample_rate)
    step = 1 / cfg.bands_per_semitone
    midi = cfg.lowest_midi + step * torch.arange(cfg.n_pitch_bands, dtype=torch.float64)
    low, centre, high = (440 * 2 ** ((midi + shift - 69) / 12) for shift in (-step, 0, step))
    # low bands are narrower than a bin: at least one bin to each side, or they would be empty
    filters = _triangles(
        torch.minimum(low, centre - bins[1]), centre, torch.maximum(high, centre + bins[1]), bins
    )
    offset = (bins[:, None] - centre) / bins[1]
    return (filters / (filters * _hann_lobe(offset).square()).sum(0)).float()


def flux_filters(cfg: AudioConfig) -> Tensor:
    """(flux_n_fft // 2 + 1, n_flux) triangles for power, equally wide on the mel scale, peak 1."""
    mel = torch.linspace(
        _hz_to_mel(cfg.f_min_hz), _hz_to_mel(cfg.f_max_hz), cfg.n_flux + 2, dtype=torch.float64
    )
    hz = _mel_to_hz(mel)
    return _triangles(hz[:-2], hz[1:-1], hz[2:], _bin_hz(cfg.flux_n_fft, cfg.sample_rate)).float()


def _flat(wave: Tensor) -> Tensor:
    """(..., T) -> (B, T) float32."""
    if wave.dim() == 0 or wave.shape[-1] == 0:
        raise ValueError(
            f"expected a wave (..., T) with T >= 1 samples, found shape {tuple(wave.shape)}"
        )
    return wave.float().reshape(-1, wave.shape[-1])


def _unflat(frames: Tensor, wave: Tensor) -> Tensor:
    """(B, F, ...) -> (..., F, ...), the leading dimensions as in `wave` (..., T)."""
    return frames.reshape(*wave.shape[:-1], *frames.shape[1:])


def _power(spectrum: Tensor) -> Tensor:
    squares = torch.view_as_real(spectrum).square()  # twice as fast as from .real and .imag
    return squares[..., 0] + squares[..., 1]


def _level_db(mean_square: Tensor) -> Tensor:
    return 10 * mean_square.clamp_min(1e-12).log10()


def _amplitude_window(n_fft: int) -> Tensor:
    """Hann scaled so that a sine of amplitude A peaks at A in the magnitude spectrum."""
    window = torch.hann_window(n_fft, dtype=torch.float64)
    return (window * 2 / window.sum()).float()


def _hann_lobe(offset: Tensor) -> Tensor:
    """Magnitude of the Hann window's transform, 1 at its peak, `offset` bins away (Harris 1978, eq.
    27).
    """
    offset = offset + 1e-9 * (offset.abs() - 1).abs().lt(1e-9)  # the formula is 0/0 one bin away
    return (torch.sinc(offset) / (1 - offset.square())).abs()


def _bin_hz(n_fft: int, sample_rate: int) -> Tensor:
    return torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)


def _triangles(low: Tensor, centre: Tensor, high: Tensor, bins: Tensor) -> Tensor:
    """(K,) corners and (bins,) frequencies, all Hz -> (bins, K), 1 at the centre and 0 at the
    corners.
    """
    rising = (bins[:, None] - low) / (centre - low)
    falling = (high - bins[:, None]) / (high - centre)
    return torch.minimum(rising, falling).clamp_min(0)


def _hz_to_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def _mel_to_hz(mel: Tensor) -> Tensor:
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) * math.log(6.4) / 27))
