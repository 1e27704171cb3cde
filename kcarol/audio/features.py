"""The converter's input features: pitch, onsets and loudness, independent of level and timbre."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from kcarol.audio.spectrum import (
    BandedProduct,
    amplitude_window,
    bin_hz,
    flatten_batch,
    level_db,
    power,
    stft_blocks,
    triangles,
    unflatten_batch,
)
from kcarol.config import AudioConfig

SILENCE_RMS = 1e-4  # -80 dB: softer sound is not amplified, or dither would become music
DEVIATION_FLOOR = 0.02  # of whitening, in log1p units: keeps near-silent frames near zero
FLUX_GAIN = 10.0  # times log_gain, so that soft onsets count too
FLUX_SCALE = 3.0  # makes the flux of pop songs deviate by about 0.5; onsets reach 1 to 3
TUNING_STEP_CENTS = 5  # to which pitch filters follow a song's tuning
FLUX_LAG = 2  # frames, half the short window: closer frames share most of their samples
SOFTEST_DB = -60.0  # of the loudness feature, re the clip's level
LOUDEST_DB = 20.0


class Features(nn.Module):
    """Whitened pitch bands, onset flux and loudness: C = n_pitch_bands + n_flux + 1 a frame.

    A pitch band is the log1p level of a constant-Q-like band, minus the mean and divided by the
    deviation of the bands within `whiten_octaves` of it.
    """

    long_window: Tensor  # (feature_n_fft,)
    short_window: Tensor  # (flux_n_fft,)
    pitch_filters: Tensor  # (feature_n_fft // 2 + 1, n_pitch_bands)
    flux_filters: Tensor  # (flux_n_fft // 2 + 1, n_flux)

    def __init__(self, cfg: AudioConfig | None = None):
        super().__init__()
        self.cfg = cfg = cfg or AudioConfig()
        filters = pitch_filters(cfg)
        buffers = {
            "long_window": amplitude_window(cfg.feature_n_fft),
            "short_window": amplitude_window(cfg.flux_n_fft),
            "pitch_filters": filters,
            "flux_filters": flux_filters(cfg),
        }
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor, persistent=False)
        self.to_pitch = banded_product(filters)

    def forward(self, wave: Tensor, tuning_cents: Tensor | None = None) -> Tensor:
        """Wave (..., T) of a whole clip or window -> (..., F, C) float32, also under autocast.

        F == 1 + T // hop_length. `tuning_cents` (..., F) above A440: the pitch bands are those of
        the same sound at A440; None: it is there. ValueError for an empty wave.
        """
        with torch.autocast(wave.device.type, enabled=False):
            flat = flatten_batch(wave)
            flat = flat - flat.mean(-1, keepdim=True)  # a constant is no sound
            rms = flat.square().mean(-1).sqrt()
            gain = self.cfg.reference_rms / rms.clamp_min(SILENCE_RMS)
            n_frames = self.cfg.n_frames(wave.shape[-1])
            pitch = self.pitch(flat, gain, tuning_steps(tuning_cents, len(flat), n_frames))
            flux, loudness = self.onsets(flat, gain)
            return unflatten_batch(torch.cat([pitch, flux, loudness[..., None]], dim=-1), wave)

    def pitch(self, wave: Tensor, gain: Tensor, steps: Tensor) -> Tensor:
        """Wave (B, T), gain (B,), `tuning_steps` (B, F) -> whitened bands (B, F, n_pitch_bands)."""
        cfg = self.cfg
        reach = round(cfg.whiten_octaves * 12 * cfg.bands_per_semitone)
        blocks = []
        n_done = 0
        for spectrum in stft_blocks(wave, self.long_window, cfg.hop_length):
            here = steps[:, n_done : n_done + spectrum.shape[1]]
            n_done += spectrum.shape[1]
            level = self.pitch_bands(spectrum, here).sqrt() * gain[:, None, None]
            blocks.append(whiten(torch.log1p(cfg.log_gain * level), reach).clamp(*cfg.whiten_clip))
        return torch.cat(blocks, dim=1)

    def pitch_bands(self, spectrum: Tensor, steps: Tensor) -> Tensor:
        """Spectrum (B, f, bins), steps of tuning (B, f) -> power (B, f, n_pitch_bands)."""
        bands = spectrum.real.new_empty(*steps.shape, self.cfg.n_pitch_bands)
        for step in steps.unique().tolist():
            to_pitch = tuned_product(self.cfg, step, spectrum.device) if step else self.to_pitch
            places = (steps == step).to(spectrum.device)
            bins = power(spectrum[..., : to_pitch.n_rows])
            if places.all():
                return to_pitch(bins.flatten(0, 1)).view_as(bands)
            bands[places] = to_pitch(bins[places])
        return bands

    def onsets(self, wave: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """Wave (B, T), gain (B,) -> flux (B, F, n_flux) and loudness (B, F).

        Flux is the rise of the log level; loudness is in units of 20 dB above the clip's level.
        """
        cfg = self.cfg
        levels, loudness_db = [], []
        for spectrum in stft_blocks(wave, self.short_window, cfg.hop_length):
            bins = power(spectrum) * gain[:, None, None].square()
            bands = (bins @ self.flux_filters).sqrt()
            levels.append(torch.log1p(FLUX_GAIN * cfg.log_gain * bands))
            loudness_db.append(level_db(bins.sum(-1) / 3) - 20 * math.log10(cfg.reference_rms))
        level = torch.cat(levels, dim=1)
        earlier = functional.pad(level, (0, 0, FLUX_LAG, 0))[:, : level.shape[1]]
        loudness = torch.cat(loudness_db, dim=1).clamp(SOFTEST_DB, LOUDEST_DB) / 20
        return FLUX_SCALE * (level - earlier).relu(), loudness


def tuning_steps(tuning_cents: Tensor | None, n_rows: int, n_frames: int) -> Tensor:
    """Cents (..., F) above A440 -> (B, F) int, in steps of TUNING_STEP_CENTS; None: zeros."""
    if tuning_cents is None:
        return torch.zeros(n_rows, n_frames, dtype=torch.int)
    return (tuning_cents.reshape(n_rows, n_frames) / TUNING_STEP_CENTS).round().int()


@functools.lru_cache(maxsize=128)  # half a megabyte each
def tuned_product(cfg: AudioConfig, step: int, device: torch.device) -> BandedProduct:
    """The product with the pitch filters of a song that is `step` steps above A440."""
    return banded_product(pitch_filters(cfg, step * TUNING_STEP_CENTS)).to(device)


def banded_product(filters: Tensor) -> BandedProduct:
    """The product with pitch filters, without the bins above all of them."""
    n_bins = 1 + int(filters.any(1).nonzero().max())
    cuts = [n * filters.shape[1] // 4 for n in (1, 2, 3)]
    return BandedProduct(filters[:n_bins], cuts)


def pitch_filters(cfg: AudioConfig, tuning_cents: float = 0.0) -> Tensor:
    """(feature_n_fft // 2 + 1, n_pitch_bands) for power, at A440 or some cents above it.

    Each band gives A^2 for a sine of amplitude A at its centre.
    """
    bins = bin_hz(cfg.feature_n_fft, cfg.sample_rate)
    step = 1 / cfg.bands_per_semitone
    midi = cfg.lowest_midi + step * torch.arange(cfg.n_pitch_bands, dtype=torch.float64)
    midi = midi + tuning_cents / 100
    low, centre, high = (440 * 2 ** ((midi + shift - 69) / 12) for shift in (-step, 0, step))
    # low bands are narrower than a bin: without at least one bin on each side they would be empty
    low = torch.minimum(low, centre - bins[1])
    high = torch.maximum(high, centre + bins[1])
    filters = triangles(low, centre, high, bins)
    offset = (bins[:, None] - centre) / bins[1]
    return (filters / (filters * _hann_lobe(offset).square()).sum(0)).float()


def flux_filters(cfg: AudioConfig) -> Tensor:
    """(flux_n_fft // 2 + 1, n_flux) triangles for power, equally wide in Slaney's mel, peak 1."""
    low, high = _hz_to_mel(cfg.f_min_hz), _hz_to_mel(cfg.f_max_hz)
    hz = _mel_to_hz(torch.linspace(low, high, cfg.n_flux + 2, dtype=torch.float64))
    return triangles(hz[:-2], hz[1:-1], hz[2:], bin_hz(cfg.flux_n_fft, cfg.sample_rate)).float()


def whiten(bands: Tensor, reach: int) -> Tensor:
    """(..., K) -> (..., K): each band minus mean, over deviation, of the bands within `reach`."""
    index = torch.arange(bands.shape[-1], device=bands.device)
    near = ((index[:, None] - index).abs() <= reach).to(bands.dtype)
    near = near / near.sum(0)  # (K, K): a product with it is the mean of a neighbourhood
    mean = bands @ near
    variance = (bands.square() @ near - mean.square()).clamp_min(0)
    return (bands - mean) / (variance.sqrt() + DEVIATION_FLOOR)


def transpose_features(features: Tensor, semitones: int, cfg: AudioConfig) -> Tensor:
    """(B, F, C) with the pitch bands moved up, zeros moved in; flux and loudness stay."""
    n = cfg.n_pitch_bands
    moved = shift_pitches(features[..., :n], semitones * cfg.bands_per_semitone)
    return torch.cat([moved, features[..., n:]], dim=-1)


def shift_pitches(roll: Tensor, semitones: int) -> Tensor:
    """(..., P) moved up along P, zeros moved in."""
    if abs(semitones) >= roll.shape[-1]:
        return torch.zeros_like(roll)
    # padding by a negative number crops
    return functional.pad(roll, (semitones, -semitones))


def _hann_lobe(offset: Tensor) -> Tensor:
    """Magnitude of the Hann window's transform, `offset` bins from its peak of 1.

    Harris, "On the use of windows for harmonic analysis", 1978, equation 27.
    """
    offset = offset + 1e-9 * (offset.abs() - 1).abs().lt(1e-9)  # the formula is 0/0 one bin away
    return (torch.sinc(offset) / (1 - offset.square())).abs()


# torchaudio.functional.melscale_fbanks rounds corners to float32: 1e-6 of a filter, and at times
# another decision in the decoder
def _hz_to_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def _mel_to_hz(mel: Tensor) -> Tensor:
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) * math.log(6.4) / 27))
