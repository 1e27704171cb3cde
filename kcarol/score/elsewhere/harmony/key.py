"""The key of a score: by its signature, and by what sounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcarol.score.elsewhere.harmony.roll import BEAT_FRAMES, Roll
from kcarol.score.elsewhere.written import KeySignature, Written
from kcarol.transcription.harmony.key import KEY_PROFILES, KEYS
from kcarol.transcription.lead_sheet import Note

LAST = 0.3  # correlation that the last note adds to its key
DOUBT = 0.1  # by which a key without sharps and flats must be less likely than the likeliest


def key_of(written: Written, roll: Roll, tune: Sequence[Note]) -> tuple[int, str]:
    """Tonic and mode by the signature: of major and its relative minor, which share it, the
    likelier, unless the score names the minor. Without sharps and flats, which programs write that
    know no key, the likeliest of all keys.
    """
    held = roll.chord.sum(0) + np.bincount(roll.tune[roll.tune >= 0] % 12, minlength=12)
    for symbol in written.symbols:
        held[list(symbol.pitch_classes)] += BEAT_FRAMES * symbol.length * (not symbol.silent)
    likely = {key: _likelihood(held, *key) for key in KEYS}
    signature = _longest(written)
    candidates = _keys_of(signature) if signature else KEYS
    if signature and not signature.sharps and signature.mode != "minor":
        found = max(likely, key=likely.__getitem__)
        if likely[found] - max(likely[key] for key in candidates) > DOUBT:
            return found
    last = tune[-1].pitch % 12 if tune else None
    return max(candidates, key=lambda key: likely[key] + LAST * (last == key[0]))


def _keys_of(signature: KeySignature) -> tuple[tuple[int, str], ...]:
    """The keys that a signature may mean."""
    tonic = 7 * signature.sharps % 12
    minor = (tonic + 9) % 12, "minor"
    return (minor,) if signature.mode == "minor" else ((tonic, "major"), minor)


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
