"""Stems: what each group of a carol's parts adds to it.

Samples of different parts add up by themselves. The network does not play that way: it hears all
notes together, and two groups that it plays one by one are, added, close to what it plays together,
but not the same, nor in the same phase. So each group is first played alone. Then every place in
time and frequency of what the carol has and the groups have not, added, is shared out among the
groups in proportion to their powers there (generalised Wiener filtering: A. Liutkus and R. Badeau,
"Generalized Wiener filtering with fractional power spectrograms", 2015). Where a group sounds alone
its stem is the carol; where several meet it is an estimate. The sum is the carol in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kcarol.audio.disk_buffer import DiskWave
from kcarol.audio.loudness import in_pieces, with_context
from kcarol.audio.parallel import parallel_map
from kcarol.audio.spectrum import power
from kcarol.conversion.sound.playing_time import PlayingTime

N_FFT = 4096  # 85 ms at 48 kHz: partials of neighbouring voices lie apart
HOP = N_FFT // 4
PIECE_SAMPLES = 256 * HOP  # at once
VOICE_CHOIR = "voice_choir"  # the stem of a choir made of the song's own voice
LEAST_POWER = 1e-12  # of a group, so that silence is shared out evenly

Wave = np.ndarray | DiskWave  # (C, T)


class Stems:
    """Waves (C, T) on disk by the name of their group; gone when closed."""

    def __init__(self, beside: Path | None = None):
        """`beside`: as of `DiskBuffer`."""
        self.beside = beside
        self.waves: dict[str, DiskWave] = {}

    def __enter__(self) -> Stems:
        return self

    def __exit__(self, *raised: object) -> None:
        for wave in self.waves.values():
            wave.__exit__()

    def add(self, name: str, n_channels: int, n_samples: int) -> DiskWave:
        """Zeros for a group."""
        self.waves[name] = DiskWave(n_channels, n_samples, self.beside)
        return self.waves[name]

    def make_add_up_(self, whole: Wave) -> None:
        """From what groups play alone to what they add to the whole (C, T)."""
        make_add_up_(list(self.waves.values()), whole)

    def resample_(self, n_samples: int, rate: int, time: PlayingTime) -> None:
        """From playing time to song time, see `PlayingTime.resample_onto`."""
        for name, played in self.waves.items():
            with played:
                self.waves[name] = DiskWave(len(played), n_samples, self.beside)
                time.resample_onto(self.waves[name], rate, played)

    def mix_down_(self) -> None:
        """To one channel each."""
        for name, wave in self.waves.items():
            with wave:
                self.waves[name] = DiskWave(1, wave.shape[-1], self.beside)
                mix_down_onto(self.waves[name], wave)


def mix_down_onto(mono: Wave, stereo: Wave) -> None:
    """Write the middle of `stereo` (2, T) into `mono` (1, T)."""
    for span, piece in in_pieces(stereo):
        mono[..., span] = piece.mean(0, keepdims=True)


def make_add_up_(alone: Sequence[Wave], whole: Wave) -> None:
    """Makes what K groups play alone, (C, T) each, add up to the whole (C, T), in place."""
    everything = _Stacked([*alone, whole])
    starts = range(0, whole.shape[-1], PIECE_SAMPLES)
    pieces = with_context(everything, starts, N_FFT)
    sounds = parallel_map(lambda piece: _shared_out(*piece), pieces)
    for start, sound in zip(starts, sounds, strict=True):
        for wave, stem in zip(alone, sound, strict=True):
            wave[..., start : start + PIECE_SAMPLES] = stem


class _Stacked:
    """Waves (C, T) that are read together, as (K, C, T)."""

    def __init__(self, waves: Sequence[Wave]):
        self.waves = waves
        self.shape = (len(waves), *waves[0].shape)

    def __getitem__(self, span: tuple) -> np.ndarray:
        return np.stack([wave[..., span[-1]] for wave in self.waves])


def _shared_out(around: np.ndarray, inner: slice) -> np.ndarray:
    """K groups alone and, as the last one, the whole (K + 1, C, t) -> stems (K, C, t inside)."""
    alone, whole = around[:-1], around[-1]
    if not around.any():
        return alone[..., inner]
    missing = torch.from_numpy(whole - alone.sum(0))
    powers = power(_stft(torch.from_numpy(alone)))
    shares = (powers + LEAST_POWER) / (powers + LEAST_POWER).sum(0)
    stems = alone + _istft(shares * _stft(missing), missing.shape[-1]).numpy()
    stems[-1] = whole - stems[:-1].sum(0)
    return stems[..., inner]


def _stft(waves: Tensor) -> Tensor:
    """(..., t) -> complex (..., bins, frames)."""
    flat = waves.reshape(-1, waves.shape[-1])
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(flat, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    return spectrum.reshape(*waves.shape[:-1], *spectrum.shape[-2:])


def _istft(spectra: Tensor, n_samples: int) -> Tensor:
    """Inverse of `_stft`."""
    flat = spectra.reshape(-1, *spectra.shape[-2:])
    waves = torch.istft(flat, N_FFT, HOP, window=torch.hann_window(N_FFT), length=n_samples)
    return waves.reshape(*spectra.shape[:-2], n_samples)
