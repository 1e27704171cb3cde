"""Chords of a whole song, by the likeliest path through a vocabulary.

As Mauch and Dixon ("Simultaneous Estimation of Chords and Musical Context from Audio", IEEE TASLP
2010): what sounds, the bass, the key and the metre are heard together. Here each has its say in one
sum of nats, and the path is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcarol.transcription.activations import logit_of
from kcarol.transcription.harmony.key import chromatic_tones, local_keys
from kcarol.transcription.harmony.parts import Parts
from kcarol.transcription.harmony.path import likeliest_path
from kcarol.transcription.harmony.repeated_bars import pooled
from kcarol.transcription.harmony.vocabulary import CHORDS, NO_CHORD, ROOTS, STEPS, TONES
from kcarol.transcription.lead_sheet import QUALITIES

# evidence of a part
LEAST = 0.01  # probabilities are taken to lie between it and 1 less it
LIKELY = 0.35  # probability from which on a pitch class speaks for a chord with it
GAIN = 0.8  # of the log-odds: pitch classes and parts are not independent
SUNG = 0.3  # share of a pitch class's evidence that the tune explains while it sings it
# probability of the bass by its semitones above the root
THIRD_BASS, TONE_BASS, FOREIGN_BASS = 0.08, 0.06, 0.02
LEAST_BASS = 0.01  # probability

# nats
CHANGE = np.array([1.5, 2.0, 3.5, 6.0])  # to another chord at a bar, half a bar, a beat, between
CHROMATIC = 1.2  # a tone outside the key's scale
RARE = {  # qualities
    "maj": 0.0,
    "min": 0.2,
    "dim": 2.5,
    "aug": 4.0,
    "sus4": 1.8,
    "sus2": 2.2,
    "6": 3.0,
    "7": 1.2,
    "maj7": 1.5,
    "min7": 1.2,
    "m7b5": 2.5,
    "add9": 2.2,
}
SILENCE = 1.0
INVERSION = 2.0  # another tone of the chord in the bass
FOREIGN = 5.0  # a bass that is no tone of the chord
BASS_CHANGE = 3.0  # under a chord that lasts, beside CHANGE


@dataclass(frozen=True)
class ChordSpan:
    """A chord, or none, from frame `start` to frame `stop`."""

    start: int
    stop: int
    root: int | None  # pitch class; None: no chord
    quality: str = "maj"  # a key of QUALITIES
    bass: int | None = None  # pitch class, None: the root

    @property
    def pitch_classes(self) -> list[int]:
        if self.root is None:
            return []
        return [(self.root + step) % 12 for step in QUALITIES[self.quality]]

    @property
    def bass_class(self) -> int | None:
        return self.root if self.bass is None else self.bass


def rolls_of(spans: Sequence[ChordSpan]) -> tuple[np.ndarray, np.ndarray]:
    """Pitch classes of chords and of basses, (F, 12) float32 of zeros and ones."""
    chord, bass = np.zeros((2, spans[-1].stop, 12), np.float32)
    for span in spans:
        chord[span.start : span.stop, span.pitch_classes] = 1
        if span.bass_class is not None:
            bass[span.start : span.stop, span.bass_class] = 1
    return chord, bass


def decide_chords(
    chord: np.ndarray, bass: np.ndarray, tune: np.ndarray, parts: Parts
) -> tuple[ChordSpan, ...]:
    """From probabilities (F, 12) of chord and bass, and the tune (F,) in MIDI, -1 for rests.

    The spans follow one another from the first frame to the last.
    """
    chord, bass = parts.means(chord), parts.means(bass)
    sung = parts.means((tune[:, None] >= 0) & (tune[:, None] % 12 == np.arange(12)))
    lengths = parts.lengths[:, None]
    evidence = pooled(lengths * chord_evidence(chord, bass, sung), parts)
    entry = chord_priors(local_keys(lengths * chord))
    path = likeliest_path(evidence, entry, CHANGE[parts.place])
    low = _bass_path(np.log(_with_silence(bass) + LEAST_BASS) * lengths, path, parts)
    return _spans(path, low, parts)


def chord_evidence(chord: np.ndarray, bass: np.ndarray, sung: np.ndarray) -> np.ndarray:
    """(P, C + 1) nats of each chord and of none, from the three as (P, 12) shares of parts."""
    odds = logit_of(chord, LEAST) - logit_of(np.array(LIKELY), LEAST)
    odds = np.where(odds > 0, odds * (1 - SUNG * sung), odds)
    lowest = np.where(TONES, TONE_BASS, FOREIGN_BASS)
    lowest[TONES & ((STEPS == 3) | (STEPS == 4))] = THIRD_BASS
    lowest[STEPS == 0] = 0
    lowest[STEPS == 0] = 1 - lowest.sum(1)
    low = np.log(12 * (_with_silence(bass) @ lowest.T + LEAST_BASS))
    return np.pad(GAIN * odds @ TONES.T + low, ((0, 0), (0, 1)))


def chord_priors(keys: np.ndarray) -> np.ndarray:
    """(P, C + 1) nats that a chord, or none, brings when it begins in the local keys (P,)."""
    rare = np.array([RARE[quality] for _, quality in CHORDS])
    priors = -CHROMATIC * chromatic_tones() - rare
    return np.pad(priors, ((0, 0), (0, 1)), constant_values=-SILENCE)[keys]


def _with_silence(bass: np.ndarray) -> np.ndarray:
    """(P, 12): a silent bass may be any."""
    return bass + (1 - bass.sum(1, keepdims=True)).clip(0) / 12


def _bass_path(likelihood: np.ndarray, path: np.ndarray, parts: Parts) -> np.ndarray:
    """Pitch classes (P,) of the bass under a path of chords (P,), from nats (P, 12).

    It is free where a chord begins, and costly to change below one.
    """
    below = path.clip(max=NO_CHORD - 1)
    entry = np.where(TONES[below], -INVERSION, -FOREIGN)
    entry[np.arange(len(path)), ROOTS[below]] = 0
    begins = np.r_[True, path[1:] != path[:-1]]
    low = np.empty(len(path), int)
    starts = np.flatnonzero(begins)
    for start, stop in zip(starts, np.append(starts[1:], len(path)), strict=True):
        span = slice(start, stop)
        change = BASS_CHANGE + CHANGE[parts.place[span]]
        low[span] = likeliest_path(likelihood[span], entry[span], change)
    return low


def _spans(path: np.ndarray, low: np.ndarray, parts: Parts) -> tuple[ChordSpan, ...]:
    """Runs of parts (P,) with one chord and one bass."""
    low = np.where(path == NO_CHORD, -1, low)
    firsts = np.flatnonzero(np.r_[True, (path[1:] != path[:-1]) | (low[1:] != low[:-1])])
    edges = [*parts.starts[firsts].tolist(), int(parts.stops[-1])]
    spans = []
    for first, start, stop in zip(firsts, edges[:-1], edges[1:], strict=True):
        if path[first] == NO_CHORD:
            spans.append(ChordSpan(start, stop, None))
            continue
        root, quality = CHORDS[path[first]]
        bass = None if low[first] == root else int(low[first])
        spans.append(ChordSpan(start, stop, root, quality, bass))
    return tuple(spans)
