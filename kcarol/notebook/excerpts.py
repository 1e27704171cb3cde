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

from kcarol.config import AudioConfig
from kcarol.page.sound import Sound, equally_loud_

MAX_EMBEDDED_S = 8.0  # of sound in a notebook: up to a megabyte in stereo
FADE_S = 0.01  # at the ends of an excerpt, or they click


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
    """Waves (T,) or (2, T) at one loudness, see `equally_loud_`. `rates`: Hz by name, of those that
    differ from `rate_of`.
    """
    rates = {name: rate_of(wave) for name, wave in waves.items()} | dict(rates or {})
    sounds = [
        Sound(name, np.array(np.atleast_2d(wave), np.float32), rates[name])
        for name, wave in waves.items()
    ]
    equally_loud_(sounds)
    return {sound.label: sound.wave.reshape(waves[sound.label].shape) for sound in sounds}


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
