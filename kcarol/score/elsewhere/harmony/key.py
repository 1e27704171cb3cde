"""The key of a score: by its signature, and by what sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.score.elsewhere.harmony.roll import BEAT_FRAMES, Roll
from kcarol.score.elsewhere.written import KeySignature, Written
from kcarol.transcription.harmony.key import KEY_PROFILES, KEYS
from kcarol.transcription.lead_sheet import SCALES, Note

FOREIGN = 0.15  # share of time outside the signature's scale with which it is not believed
LAST = 0.35  # of the profiles' correlation, what the last note says


def key_of(written: Written, roll: Roll, tune: Sequence[Note]) -> tuple[int, str]:
    """Tonic and mode by the signature: of major and its relative minor, which share it, the
    likelier, unless the score names the minor. Without a signature by what sounds.
    """
    held = roll.chord.sum(0) + np.bincount(roll.tune[roll.tune >= 0] % 12, minlength=12)
    for symbol in written.symbols:
        held[list(symbol.pitch_classes)] += BEAT_FRAMES * symbol.length * (not symbol.silent)
    candidates = _of_signature(_longest(written), held) or KEYS
    last = tune[-1].pitch % 12 if tune else None
    return max(candidates, key=lambda key: _likelihood(held, *key) + LAST * (last == key[0]))


def _of_signature(
    signature: KeySignature | None, held: np.ndarray
) -> tuple[tuple[int, str], ...] | None:
    """The keys that a signature may mean; None: any, for it does not fit what is `held` (12,)."""
    if signature is None:
        return None
    tonic = 7 * signature.sharps % 12
    minor = (tonic + 9) % 12, "minor"
    if signature.mode == "minor":
        return (minor,)
    scale = [(tonic + step) % 12 for step in SCALES["major"]]
    if signature.sharps == 0 and held[scale].sum() < (1 - FOREIGN) * held.sum():
        return None  # what programs write that know no key
    return (tonic, "major"), minor


def _likelihood(held: np.ndarray, tonic: int, mode: str) -> float:
    profile = np.roll(KEY_PROFILES[mode], tonic)
    return float(np.corrcoef(profile, held)[0, 1]) if np.ptp(held) > 0 else 0.0


def _longest(written: Written) -> KeySignature | None:
    """The signature that holds longest."""
    if not written.keys:
        return None
    ends = [*(key.start for key in written.keys[1:]), written.length]
    lengths = [end - key.start for key, end in zip(written.keys, ends, strict=True)]
    return written.keys[int(np.argmax(lengths))]
