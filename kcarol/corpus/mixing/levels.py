"""Levels: decibels, the loudness of each role in a mix, and the level of a wave while it sounds."""

from __future__ import annotations

import numpy as np

SMALLEST = 1e-9  # of a level, against the logarithm of zero and division by it

# loudness of a stem relative to the lead, dB; other roles get OTHER_DB
ROLE_DB = {"lead": 0.0, "voice": 0.0, "rap": 0.0, "solo": -1.0, "drums": -1.0, "bass": -2.0}
ROLE_DB |= {"second": -6.0, "chords": -6.0, "backing": -8.0, "counter": -8.0, "arp": -8.0}
ROLE_DB |= {"pad": -9.0, "strings": -9.0, "fx": -14.0}
OTHER_DB = -7.0


def db_to_gain(level_db):
    """Amplitude factor of a level in dB."""
    return 10.0 ** (np.asarray(level_db) / 20)


def role_of(name: str) -> str:
    """Role of a part: its name up to the first character that is no letter, in lower case."""
    head = "".join(c if c.isalpha() else " " for c in name.lower()).split()
    return head[0] if head else ""


def role_db(name: str) -> float:
    """Loudness of a part by its name, dB relative to the lead."""
    return ROLE_DB.get(role_of(name), OTHER_DB)


def peak_of(wave: np.ndarray) -> float:
    """Largest magnitude of a wave of any shape; 0 if it is empty."""
    return float(np.abs(wave).max(initial=0))


def active_rms(wave: np.ndarray, sample_rate: int) -> float:
    """Root mean square of (T,) or (C, T) over the 100 ms blocks within 30 dB of the loudest one."""
    block = sample_rate // 10
    channels = np.atleast_2d(wave)
    n_whole = channels.shape[1] // block
    blocks = channels[:, : n_whole * block].reshape(len(channels), n_whole, block)
    power = np.einsum("cbt,cbt->b", blocks, blocks)
    rest = channels[:, n_whole * block :]
    power = np.append(power, np.square(rest).sum()) / (block * len(channels))
    return float(np.sqrt(power[~(power < power.max() * 1e-3)].mean()))


def with_sounding_rms(wave: np.ndarray, rms: float) -> np.ndarray:
    """A wave (T,) scaled so that its samples above 2 % of its peak have this root mean square."""
    sounding = wave[np.abs(wave) > 0.02 * max(peak_of(wave), SMALLEST)]
    found = float(np.sqrt(np.square(sounding).mean())) if len(sounding) else 1.0
    return wave * np.float32(rms / max(found, 1e-6))
