"""Where a recording of a voice lies in its song, and whether it lies there at all.

The voice is part of the song, sample for sample, so the cross-correlation of their waves has one
sharp peak. It is weighted by the smoothed coherence transform (G. C. Carter, A. H. Nuttall and
P. G. Cable, "The smoothed coherence transform", 1973): all frequencies count alike, so that neither
a loud bass nor a tempo that both have in common makes a peak of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kcarol.audio.disk_buffer import DiskBuffer

MOST_LAG_S = 1.0
FFT_SAMPLES = 1 << 17
LEAST_POWER = 1e-9  # of a bin, re the mean: what a low-pass left empty has no say
# of the song's power, what the voice is of it: a copy of the song at 32 kb/s has .95 to .99
WHOLE_SONG = 0.95
# peak re the deviation at all lags: voices of other songs reach 4 to 9, a second of the right one
# 10, twenty seconds 65 to 170
LEAST_SHARPNESS = 10.0

Sound = np.ndarray | DiskBuffer  # (T,)


@dataclass(frozen=True)
class Alignment:
    """How a voice lies in its song."""

    lag_samples: int  # by which the voice is late, negative if it is early
    sharpness: float  # peak of the correlation re its deviation at all lags
    shared: float  # of the song's power: what the voice, at the gain that fits best, is of it

    @property
    def is_sure(self) -> bool:
        """Whether the voice is one of this song."""
        return self.sharpness >= LEAST_SHARPNESS

    @property
    def is_whole_song(self) -> bool:
        """Whether nothing is left of the song but the voice."""
        return self.shared >= WHOLE_SONG


def align(song: Sound, voice: Sound, sample_rate: int) -> Alignment:
    """The lag within MOST_LAG_S at which a voice (T',) fits its song (T,) best.

    In pieces, so that memory does not grow with T. Silence fits nowhere: lag 0, sharpness 0.
    """
    reach = round(MOST_LAG_S * sample_rate)
    cross = np.zeros(FFT_SAMPLES // 2 + 1, complex)
    voice_power, song_power = np.zeros(len(cross)), np.zeros(len(cross))
    song_energy = 0.0
    for voice_piece, song_piece in _pieces(song, voice, reach):
        voice_spectrum = np.fft.rfft(voice_piece, FFT_SAMPLES)
        song_spectrum = np.fft.rfft(song_piece, FFT_SAMPLES)
        cross += voice_spectrum.conj() * song_spectrum
        voice_power += np.abs(voice_spectrum) ** 2
        song_power += np.abs(song_spectrum) ** 2
        song_energy += float(np.square(song_piece[reach : reach + len(voice_piece)]).sum())
    scale = np.sqrt(voice_power * song_power)
    if not scale.any():
        return Alignment(0, 0.0, 0.0)
    coherence = cross / (scale + LEAST_POWER * scale.mean())
    correlation = np.abs(np.fft.irfft(coherence, FFT_SAMPLES)[: 2 * reach + 1])
    best = int(correlation.argmax())
    deviation = float(np.sqrt(np.mean(correlation**2)))
    in_common = np.fft.irfft(cross, FFT_SAMPLES)[best]
    voice_energy = np.fft.irfft(voice_power, FFT_SAMPLES)[0]
    shared = float(in_common**2 / max(voice_energy * song_energy, np.finfo(float).tiny))
    return Alignment(reach - best, float(correlation[best]) / deviation, shared)


def _pieces(song: Sound, voice: Sound, reach: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Spans of the voice, and the song from `reach` samples before to `reach` after each."""
    size = FFT_SAMPLES - 2 * reach
    for start in range(0, min(voice.shape[-1], song.shape[-1]), size):
        first = max(0, start - reach)
        around = song[first : start + size + reach]
        yield voice[start : start + size], np.pad(around, (first - (start - reach), 0))
