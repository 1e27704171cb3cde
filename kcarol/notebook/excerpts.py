"""Excerpts to hear in a notebook: a few seconds, at one loudness, as a data URL.

Without a sample rate, waves (T,) are taken to be mono at 16 kHz, as songs are heard, and (2, T)
stereo at 48 kHz, as carols are made: see `rate_of`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import numpy as np
import soundfile

from kcarol.audio.loudness import loudness_db, loudness_lufs
from kcarol.config import AudioConfig

MAX_EMBEDDED_S = 8.0  # of sound in a notebook: up to a megabyte in stereo
FADE_S = 0.01  # at the ends of an excerpt, or they click
LOUDEST_LUFS = -18.0  # of compared sounds, unless a peak would clip


def rate_of(wave: np.ndarray) -> int:
    """Hz, by the shape of a wave."""
    return AudioConfig.sample_rate if wave.ndim == 1 else AudioConfig.full_rate


def excerpt(
    wave: np.ndarray,
    start_s: float = 0.0,
    length_s: float = MAX_EMBEDDED_S,
    sample_rate: int | None = None,
) -> np.ndarray:
    """The span of (..., T) from `start_s`, or the last one as long; faded at both ends."""
    sample_rate = sample_rate or rate_of(wave)
    n_samples = wave.shape[-1]
    n = min(n_samples, round(length_s * sample_rate))
    start = min(max(0, round(start_s * sample_rate)), n_samples - n)
    piece = np.array(wave[..., start : start + n], dtype=np.float32)
    ramp = np.linspace(0, 1, min(n // 2, round(FADE_S * sample_rate)), dtype=np.float32)
    piece[..., : len(ramp)] *= ramp
    piece[..., n - len(ramp) :] *= ramp[::-1]
    return piece


def equally_loud(
    waves: Mapping[str, np.ndarray], rates: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Waves (T,) or (2, T) at one loudness, at most LOUDEST_LUFS and no peak above 1. `rates`: Hz
    by name, of those that differ from `rate_of`.

    Silence stays silent. By LUFS (ITU-R BS.1770); by rms where a wave is shorter than 0.4 s or too
    soft for that.
    """
    audible = {name: wave for name, wave in waves.items() if np.any(wave)}
    rates = {name: rate_of(wave) for name, wave in audible.items()} | dict(rates or {})
    # browsers play a mono wave on both sides
    levels = {name: loudness_lufs(_both(wave), rates[name]) for name, wave in audible.items()}
    if not np.isfinite(list(levels.values())).all():
        levels = {name: loudness_db(_both(wave)) for name, wave in audible.items()}
    # the loudness of each at which its peak is 1
    most = [levels[name] - 20 * np.log10(np.abs(wave).max()) for name, wave in audible.items()]
    target = min([LOUDEST_LUFS, *most])
    gains = {name: 10 ** ((target - level) / 20) for name, level in levels.items()}
    return {
        name: (np.asarray(wave) * gains.get(name, 0.0)).clip(-1, 1).astype(np.float32)
        for name, wave in waves.items()
    }


def _both(wave: np.ndarray) -> np.ndarray:
    """(T,) or (2, T) -> (2, T), a copy."""
    return np.array(np.broadcast_to(wave, (2, wave.shape[-1])))


def sound_url(wave: np.ndarray, sample_rate: int | None = None) -> str:
    """(T,) or (2, T) as a data URL of a 16-bit FLAC. ValueError for more than MAX_EMBEDDED_S."""
    sample_rate = sample_rate or rate_of(wave)
    length_s = wave.shape[-1] / sample_rate
    if length_s > MAX_EMBEDDED_S + 0.01:
        raise ValueError(
            f"expected at most {MAX_EMBEDDED_S:g} s to embed, found {length_s:.1f} s: cut it, or "
            "give the file's URL"
        )
    data = io.BytesIO()
    soundfile.write(data, np.clip(wave, -1, 1).T, sample_rate, "PCM_16", format="FLAC")
    return "data:audio/flac;base64," + base64.b64encode(data.getvalue()).decode()
