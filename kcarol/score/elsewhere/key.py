"""The key of a score: by its signature, and by what sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.score.elsewhere.roll import Roll
from kcarol.score.elsewhere.written import KeySignature, Written
from kcarol.transcription.harmony.key import KEY_PROFILES
from kcarol.transcription.lead_sheet import SCALES, Note

FOREIGN = 0.15  # share of time outside the signature's scale with which it is not believed
LAST = 0.35  # of the profiles' correlation, what the last note says


def key_of(written: Written, roll: Roll, tune: Sequence[Note]) -> tuple[int, str]:
    """Tonic and mode. Of major and its relative minor, which share a signature, the one that
    sounds, unless the score names the minor.
    """
    signature = _longest(written)
    held = roll.chord.sum(0) + np.bincount(roll.tune[roll.tune >= 0] % 12, minlength=12)
    if signature is None:
        return roll.key()
    tonic = 7 * signature.sharps % 12
    scale = [(tonic + step) % 12 for step in SCALES["major"]]
    if signature.mode is None and held[scale].sum() < (1 - FOREIGN) * held.sum():
        return roll.key()
    relative = (tonic + 9) % 12
    if signature.mode == "minor":
        return relative, "minor"
    candidates = (tonic, "major"), (relative, "minor")
    likely = [
        _likelihood(held, *key, last=tune[-1].pitch % 12 if tune else None) for key in candidates
    ]
    return candidates[int(np.argmax(likely))]


def _likelihood(held: np.ndarray, tonic: int, mode: str, last: int | None) -> float:
    profile = np.roll(KEY_PROFILES[mode], tonic)
    found = float(np.corrcoef(profile, held)[0, 1]) if np.ptp(held) > 0 else 0.0
    return found + LAST * (last == tonic)


def _longest(written: Written) -> KeySignature | None:
    """The signature that holds longest."""
    if not written.keys:
        return None
    ends = [*(key.start for key in written.keys[1:]), written.length]
    lengths = [end - key.start for key, end in zip(written.keys, ends, strict=True)]
    return written.keys[int(np.argmax(lengths))]
