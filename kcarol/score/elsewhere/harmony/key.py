"""The key of a score: by its signature, and by what sounds."""

from __future__ import annotations

import numpy as np

from kcarol.score.elsewhere.harmony.roll import BEAT_FRAMES, Roll
from kcarol.score.elsewhere.written import KeySignature, Written
from kcarol.transcription.harmony.key import KEY_PROFILES, KEYS

Keys = tuple[tuple[int, str], ...]  # tonic and mode

DOUBT = 0.1  # correlation that other keys must have more than those without sharps and flats
LAST = 0.3  # correlation that the last root adds to its key


def key_of(written: Written, roll: Roll) -> tuple[int, str]:
    """Tonic and mode by the signature: of major and its relative minor, which share it, the
    likelier, unless the score names the minor. Without sharps and flats, which programs write that
    know no key, the likeliest of all keys.
    """
    held = roll.chord.sum(0) + np.bincount(roll.tune[roll.tune >= 0] % 12, minlength=12)
    for symbol in written.symbols:
        held[list(symbol.pitch_classes)] += BEAT_FRAMES * symbol.length * (not symbol.silent)
    likely = {key: _likelihood(held, *key) for key in KEYS}
    last = _last_root(written, roll)
    signature = _longest(written)
    candidates = KEYS if signature is None else _keys_of(signature)
    if signature and not signature.sharps and signature.mode != "minor":
        fitting = max(map(_pair, range(12)), key=lambda pair: max(map(likely.__getitem__, pair)))
        if max(map(likely.__getitem__, fitting)) - max(map(likely.__getitem__, candidates)) > DOUBT:
            candidates = fitting
    return max(candidates, key=lambda key: likely[key] + LAST * (last == key[0]))


def _keys_of(signature: KeySignature) -> Keys:
    """The keys that a signature may mean."""
    pair = _pair(7 * signature.sharps % 12)
    return pair[1:] if signature.mode == "minor" else pair


def _pair(tonic: int) -> Keys:
    """A major key and its relative minor."""
    return (tonic, "major"), ((tonic + 9) % 12, "minor")


def _last_root(written: Written, roll: Roll) -> int | None:
    """Pitch class of the last chord symbol, or of the last bass."""
    roots = [symbol.root for symbol in written.symbols if not symbol.silent]
    basses = roll.bass[roll.bass.any(1)].argmax(1).tolist()
    return next(iter([*roots[-1:], *basses[-1:]]), None)


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
