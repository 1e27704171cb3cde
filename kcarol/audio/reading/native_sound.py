"""Rate, length and loudness of a file's sound as the file has it, found while it is read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from kcarol.audio.loudness import (
    SETTLING_STEPS,
    SILENT_DB,
    Loudness,
    gated_lufs,
    step_length,
    step_powers,
)
from kcarol.audio.reading.resampling import n_resampled
from kcarol.audio.reading.stereo_mix import stereo_mix

N_LOUDSPEAKERS = 2
NativeChunk = tuple[int, np.ndarray]  # sample rate and sound (n, channels), see `stream_native`


@dataclass(frozen=True)
class NativeSound:
    """What is known of a whole file's sound."""

    sample_rate: int  # Hz; of its first link, where links differ
    n_samples: int  # at that rate
    loudness: Loudness  # as two loudspeakers play it

    def n_samples_at(self, rate: int) -> int:
        return n_resampled(self.n_samples, self.sample_rate, rate)

    def loudness_in(self, n_channels: int) -> Loudness:
        """The same loudness in a file of one channel, which both loudspeakers play, or of two."""
        return replace(
            self.loudness, lufs=self.loudness.lufs + 10 * math.log10(n_channels / N_LOUDSPEAKERS)
        )


class NativeMeter:
    """Measures a file's sound as it goes by."""

    def __init__(self) -> None:
        self.links: list[tuple[int, int]] = []  # rate and number of samples of each
        self.meter = LoudnessMeter()

    def watch(self, native: Iterable[NativeChunk]) -> Iterator[NativeChunk]:
        """Yield the same chunks."""
        for rate, chunks in links(native):
            self.links.append((rate, 0))
            for sound in chunks:
                self.links[-1] = (rate, self.links[-1][1] + len(sound))
                self.meter.add(rate, stereo_mix(sound))
                yield rate, sound

    @property
    def sound(self) -> NativeSound:
        """Of all chunks so far, one at least."""
        rate, _ = self.links[0]
        n_samples = sum(n_resampled(n, other, rate) for other, n in self.links)
        return NativeSound(rate, n_samples, self.meter.loudness)


class LoudnessMeter:
    """Loudness of stereo chunks whose rate may change."""

    def __init__(self) -> None:
        self.n_samples, self.energy = 0, 0.0  # of both channels
        self.powers = np.zeros(0)  # of the steps so far
        self.rate = 0
        self.waiting = np.zeros((2, 0), np.float32)  # steps that the filters settle on, and a rest
        self.n_settling = 0  # of them

    def add(self, rate: int, stereo: np.ndarray) -> None:
        """Samples (n, 2) at a rate in Hz."""
        if rate != self.rate:
            self.rate, self.n_settling, self.waiting = rate, 0, np.zeros((2, 0), np.float32)
        self.n_samples += stereo.size
        self.energy += float(np.vdot(stereo, stereo))
        wave = np.concatenate([self.waiting, stereo.T], axis=1)
        powers = step_powers(wave, rate)
        self.powers = np.append(self.powers, powers[self.n_settling :])
        self.n_settling = min(SETTLING_STEPS, len(powers))
        n_done = (len(powers) - self.n_settling) * step_length(rate)
        self.waiting = wave[:, n_done:]

    @property
    def loudness(self) -> Loudness:
        """Of all so far."""
        power = self.energy / max(1, self.n_samples)
        rms_db = max(SILENT_DB, 10 * math.log10(max(power, 1e-12)))
        return Loudness(gated_lufs(self.powers), rms_db)


def links(native: Iterable[NativeChunk]) -> Iterator[tuple[int, Iterator[np.ndarray]]]:
    """Rate and chunks (n, channels) of each part in which neither rate nor channels change."""
    for (rate, _), chunks in itertools.groupby(native, _format):
        yield rate, (sound for _, sound in chunks)


def _format(chunk: NativeChunk) -> tuple[int, int]:
    """Sample rate and number of channels."""
    rate, sound = chunk
    return rate, sound.shape[1]
